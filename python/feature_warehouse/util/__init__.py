"""Small things that know nothing of features."""
