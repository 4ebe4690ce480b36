"""What a dbt project declares: read from its manifest, checked, and held as data.

``model`` is the data, and all that engines, publisher and checks need to know.
"""
