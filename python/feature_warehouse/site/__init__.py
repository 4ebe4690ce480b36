"""A static site of what projects declare and how it fares, for people who look for features."""
