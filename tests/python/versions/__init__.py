"""Several versions of a model, named, built, served side by side."""
