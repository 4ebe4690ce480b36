"""What readers and writers of Redis share: its keys, its servers, its connections."""
