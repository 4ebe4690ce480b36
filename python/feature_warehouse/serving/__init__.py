"""Reading feature vectors. Imports redis, hiredis and msgspec; ``columnar`` more, when asked."""
