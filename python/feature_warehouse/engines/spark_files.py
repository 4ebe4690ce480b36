"""Which files a relation of Spark consists of: where they change, so does what is read.

Tables of Parquet files have no versions. A new write gives files of new names, so the names, and
on this machine their sizes and times, say whether two queries have read the same rows.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from feature_warehouse.errors import UsageError

__all__ = ["State", "lacks_files", "state_of"]

State = frozenset[tuple[str, int, int]]
"""Addresses of files, with size and time of the last change in nanoseconds where they are here."""

_GONE = -1

# Leaves of a plan whose rows stand in files, or in the query itself.
_KNOWN = {
    *("HadoopFsRelation", "HiveTableRelation", "LocalRelation", "OneRowRelation", "Range"),
}


def state_of(frame: Any, what: str) -> State:
    """The files that a data frame reads, as they are now.

    UsageError for one that reads something else, of which nothing would say that it has changed.
    """
    leaves = frame._jdf.queryExecution().optimizedPlan().collectLeaves()  # noqa: SLF001 no other way
    for place in range(leaves.size()):
        leaf = leaves.apply(place)
        if (name := leaf.getClass().getSimpleName()) == "LogicalRelation":
            name = leaf.relation().getClass().getSimpleName()
        if name.removesuffix("$") not in _KNOWN:
            raise UsageError(
                f"{what} reads no table of Parquet files ({name}), and nothing would say whether it"
                " changes while it is read; make a table of it"
            )
    return frozenset(file for address in frame.inputFiles() for file in _files(address))


def lacks_files(state: State) -> bool:
    """Whether a file is gone that Spark would read."""
    return any(size == _GONE for _, size, _ in state)


def _files(address: str) -> list[tuple[str, int, int]]:
    parts = urlsplit(address)
    if parts.scheme not in ("file", ""):
        return [(address, 0, 0)]
    path = Path(unquote(parts.path))
    if not path.is_dir():
        return [_file(path)]
    found = [Path(folder) / name for folder, _, names in os.walk(path) for name in names]
    return [_file(file) for file in sorted(found)]


def _file(path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return str(path), _GONE, 0
    return str(path), found.st_size, found.st_mtime_ns
