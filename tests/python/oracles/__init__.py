"""What is right, said again by other means than the code that is tested."""
