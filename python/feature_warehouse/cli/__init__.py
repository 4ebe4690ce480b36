"""The command line: ``app`` has it all, the other modules a few commands each."""
