"""Time and memory of point-in-time joins against hand-written SQL and other tools."""
