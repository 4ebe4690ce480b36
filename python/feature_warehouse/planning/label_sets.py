"""What changes of label sets, which no reader notices."""

from collections.abc import Iterator

from feature_warehouse.planning.changes import Change, Detail, Kind, Severity
from feature_warehouse.planning.project import Project
from feature_warehouse.planning.views import computed_details

__all__ = ["label_set_changes"]

_KIND: Kind = "label set"


def label_set_changes(before: Project, after: Project) -> Iterator[Change]:
    """By full name."""
    old, new = before.label_sets, after.label_sets
    for name in sorted(old.keys() | new.keys()):
        if name not in new or name not in old:
            yield Change(_KIND, name, "added" if name in new else "removed", Severity.SAFE)
            continue
        blocks = [side[name].config.meta["label_set"] for side in (old, new)]
        details = []
        for key in dict.fromkeys([*blocks[0], *blocks[1]]):
            one, other = blocks[0].get(key), blocks[1].get(key)
            if one != other:
                details.append(Detail(key, Severity.SAFE, f"{key}: {one} -> {other}"))
        inputs = (before.inputs(old[name].unique_id), after.inputs(new[name].unique_id))
        details += computed_details(*inputs, online=False)
        if details:
            yield Change(_KIND, name, "changed", Severity.SAFE, tuple(details))
