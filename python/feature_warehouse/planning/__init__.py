"""What a change of declarations would do to whoever reads them: two manifests, no warehouse."""
