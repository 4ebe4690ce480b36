"""The gate before Redis."""
