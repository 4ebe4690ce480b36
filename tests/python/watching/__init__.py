"""Statistics and drift, beside numpy and scipy on the same rows."""
