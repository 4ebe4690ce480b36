"""Plausible mistakes, which the proofs must notice."""
