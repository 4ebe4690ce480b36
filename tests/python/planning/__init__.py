"""Plans of changes, beside what the changes then do."""
