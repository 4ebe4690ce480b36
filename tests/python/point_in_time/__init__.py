"""Proofs of rule 1: random tables, real engines, and the rule as a plain loop."""
