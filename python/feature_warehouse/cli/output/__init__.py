"""What commands print: for a person on a terminal, JSON for a machine."""
