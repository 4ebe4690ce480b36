"""Served values beside what the warehouse says of them: ``measure`` asks, ``judge`` decides."""
