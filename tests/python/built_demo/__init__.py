"""Tests that need the built demo; they share it in one process."""
