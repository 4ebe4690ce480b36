"""The gate before Redis: a view whose rows are not what it expects of them is not published.

Great Expectations says what an expectation means and judges it. The figures it judges by are
computed in the warehouse, on the very rows that are published next and in the same snapshot:
``sql`` turns each metric into SQL; ``gx`` streams the rows of those that only Python can answer,
and alone imports Great Expectations, when the first gated view is checked.
"""
