"""The recipes: read and checked here, and run for real where what they need is installed."""
