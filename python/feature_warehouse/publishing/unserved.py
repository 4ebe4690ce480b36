"""What a model could be trained on, and a reader not be given: columns that are no one's.

A training set has the columns of its labels, of the split, and those of its service. SQL around the
macro can add others. While dbt compiles they are known only where the training set has an enforced
contract; the warehouse knows them in any case.
"""

import re
from collections.abc import Iterator
from typing import Final

from feature_warehouse.declarations.model import Service
from feature_warehouse.engines import Warehouse

__all__ = ["unserved"]

_NAME: Final = re.compile(r'"((?:[^"]|"")*)"|([^."]+)')


def unserved(service: Service, warehouse: Warehouse) -> str | None:
    """The columns of a training set that its service cannot have, in a sentence.

    None if there are none, if nothing says what columns the labels have, or if the training set is
    not built, so that no model can have been trained on it.
    """
    if not service.relation or not service.label_columns:
        return None
    known = {name.lower() for name in (*service.label_columns, *service.outputs)}
    found = [name for name in _columns(service.relation, warehouse) if name.lower() not in known]
    if not found:
        return None
    return (
        f"{service.training_set!r} has {', '.join(map(repr, found))}, which no reader can be given;"
        " make on-demand features or columns of the label set of them, or a model of their own that"
        " reads the training set"
    )


def _columns(relation: str, warehouse: Warehouse) -> Iterator[str]:
    parts = zip(_NAME.findall(relation)[::-1], ("name", "schema", "catalog"), strict=False)
    conditions, values = [], []
    for place, ((quoted, plain), part) in enumerate(parts, 1):
        # Whoever quotes a name means it to the letter: PostgreSQL may have another beside it.
        conditions.append(
            f"lower(table_{part}) = lower(${place})" if plain else f"table_{part} = ${place}"
        )
        values.append(plain or quoted.replace('""', '"'))
    query = (
        "select cast(column_name as text) as name from information_schema.columns"
        f" where {' and '.join(conditions)} order by ordinal_position"
    )
    with warehouse.rows(query, f"the columns of {relation}", values) as reader:
        for batch in reader:
            yield from batch["name"].to_pylist()
