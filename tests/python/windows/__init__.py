"""Window views: compiled SQL against law 4.4 as a loop."""
