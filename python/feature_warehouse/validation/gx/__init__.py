"""Great Expectations: what an expectation means, and whether it is met.

Nothing outside this folder imports Great Expectations, and nothing here is imported before
the first view that has expectations is checked, but for ``quiet``.
"""
