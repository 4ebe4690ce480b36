"""What a model could be trained on, and a reader not be given: columns that are no one's.

A training set has the columns of its labels, of the split, and those of its service. SQL around the
macro can add others. While dbt compiles they are known only where the training set has an enforced
contract; the warehouse knows them in any case.
"""

from feature_warehouse.declarations.model import Service
from feature_warehouse.engines import Warehouse

__all__ = ["unserved"]


def unserved(service: Service, warehouse: Warehouse) -> str | None:
    """The columns of a training set that its service cannot have, in a sentence.

    None if there are none, if nothing says what columns the labels have, or if the training set is
    not built, so that no model can have been trained on it.
    """
    if not service.relation or not service.label_columns:
        return None
    known = {name.lower() for name in (*service.label_columns, *service.outputs)}
    columns = warehouse.column_names(service.relation)
    found = [name for name in columns if name.lower() not in known]
    if not found:
        return None
    return (
        f"{service.training_set!r} has {', '.join(map(repr, found))}, which no reader can be given;"
        " make on-demand features or columns of the label set of them, or a model of their own that"
        " reads the training set"
    )
