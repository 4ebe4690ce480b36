"""What a project declares, described for people who look for a feature."""
