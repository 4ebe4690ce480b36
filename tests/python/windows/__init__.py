"""Window views: compiled SQL against rule 4 of docs/rules.md as a loop."""
