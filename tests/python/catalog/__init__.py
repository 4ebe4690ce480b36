"""The catalog, `describe` and `no_pii`: a host project with all that can be said of features."""
