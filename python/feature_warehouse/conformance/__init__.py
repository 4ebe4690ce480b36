"""Proof on the user's own warehouse: random cases, compared with the rules as plain loops.

`point_in_time`, `windows` and `cards` are the rules, written from their text and without a look at
the macros; `declared` has their words. `shapes` is what is declared, and `cases` random rows of it;
`models` and `project` make a dbt project of both. `warehouse` has dbt build, read and remove it,
`published` reads what would be published, `expected` and `compare` find the differences, `report`
tells them, and `run` does one after the other.
"""
