"""What is published and how it fares, for people and monitors."""
