"""Served values beside what is known of them later: `feature-warehouse skew`."""
