"""Reading feature vectors. Imports redis, hiredis and msgspec only."""
