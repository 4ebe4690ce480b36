"""Proofs of the point-in-time law: random tables, real engines, and the law as a plain loop."""
