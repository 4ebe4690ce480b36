"""What stands around a training set: tests, cards, reports, files and the command line."""
