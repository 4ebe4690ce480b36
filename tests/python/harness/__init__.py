"""What tests use: a small project, servers, the command line. No expected values."""
