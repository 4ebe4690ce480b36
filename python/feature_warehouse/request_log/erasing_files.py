"""Erasing an entity from a folder of the request log.

A writer never changes a file that is there, so each is replaced as a whole by one without the
entity's rows, or removed where nothing is left. Files that are written meanwhile have other names,
and the second look sees them.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from feature_warehouse.codec.arrow import key_type
from feature_warehouse.codec.keys import key_text
from feature_warehouse.errors import BusyError, FeatureWarehouseError, UsageError
from feature_warehouse.request_log.descriptions import HASH_LENGTH
from feature_warehouse.request_log.erasing import Erased, LoggedKeys, Wanted
from feature_warehouse.util.files import replacing

__all__ = ["erase_from_folder"]


def erase_from_folder(
    folder: Path, keys: Mapping[str, Sequence[LoggedKeys]], wanted: Wanted, *, wait: bool = False
) -> list[Erased]:
    """Erase the entity from the files of each service, and look again; ``keys`` are by service.

    Rows of a service, or of a file, that has no such keys are ``without_key``. Raises UsageError
    for what is no folder of a log or cannot be written, BusyError while another process erases in
    it, unless told to ``wait``.
    """
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}; name one that a request log writes to")
    with _alone(folder, wait=wait):
        services = sorted(one for one in folder.iterdir() if one.is_dir())
        if not services:
            raise UsageError(f"{folder} has no folder of a service; name that of a request log")
        return [_erase(one, keys.get(one.name, ()), wanted) for one in services]


def _erase(folder: Path, keys: Sequence[LoggedKeys], wanted: Wanted) -> Erased:
    own = [one for one in keys if wanted.given and wanted.given.keys() <= one.columns.keys()]
    if keys and not own:
        return Erased(str(folder), 0)
    erased = 0
    for file in _files(folder):
        found = _look(file, own, wanted)
        if found is None or not any(found.theirs):
            continue
        erased += sum(found.theirs)
        if all(found.theirs):
            file.unlink()
            continue
        with replacing(file) as scratch:
            rest = pq.read_table(file, partitioning=None)
            mask = pa.array([not one for one in found.theirs])
            pq.write_table(rest.filter(mask), scratch, compression="zstd")
    left = hashed = without_key = unreadable = 0
    for file in _files(folder):
        found = _look(file, own, wanted)
        if found is None:
            unreadable += 1
            continue
        left += sum(found.theirs)
        hashed += found.hashed
        without_key += found.without_key
    # What a killed process has left beside a file.
    unreadable += sum(1 for _ in folder.rglob(".*.parquet.*"))
    return Erased(str(folder), erased, left, hashed, without_key, unreadable)


def _files(folder: Path) -> list[Path]:
    """Those that are complete; what an erasure that was killed had begun to write goes."""
    files = sorted(folder.rglob("*.parquet"))
    for file in files:
        for scratch in file.parent.glob(f".{file.name}.*"):
            scratch.unlink()
    return files


class _Found:
    """Which rows of a file are the entity's, and how many of the others may be."""

    def __init__(self, rows: int) -> None:
        self.theirs = [False] * rows
        self.hashed = self.without_key = 0


def _look(file: Path, keys: Sequence[LoggedKeys], wanted: Wanted) -> _Found | None:
    """None for a file that cannot be read."""
    try:
        schema = pq.read_schema(file)
        own = [
            one for one in keys if {one.columns[name] for name in wanted.given} <= {*schema.names}
        ]
        columns = sorted({one.columns[name] for one in own for name in wanted.given})
        table = pq.read_table(file, columns=columns, partitioning=None)
        found = _Found(pq.read_metadata(file).num_rows)
        texts = {name: _texts(schema.field(name), table.column(name)) for name in columns}
        kinds = {name: key_type(name, schema.field(name)) for name in columns}
    except (pa.ArrowException, OSError, FeatureWarehouseError):
        return None
    if not own:
        found.without_key = len(found.theirs)
    for one in own:
        values = {
            one.columns[name]: wanted.values(one.view, name, kinds[one.columns[name]])
            for name in wanted.given
        }
        for place, row in enumerate(zip(*(texts[name] for name in values), strict=True)):
            if all(text in own for text, own in zip(row, values.values(), strict=True)):
                found.theirs[place] = True
    personal = {*columns} & {column for one in own for column in one.personal}
    for name in personal:
        found.without_key += texts[name].count(None)
        if wanted.pii_key is None and kinds[name] == "string":
            found.hashed += sum(
                text is not None and len(text) == HASH_LENGTH for text in texts[name]
            )
    return found


def _texts(field: pa.Field, column: Any) -> list[str | None]:
    """The values of a column of keys, as row keys have them."""
    kind = key_type(field.name, field)
    return [
        None if value is None else key_text(field.name, value, kind) for value in column.to_pylist()
    ]


@contextmanager
def _alone(folder: Path, *, wait: bool) -> Iterator[None]:
    """Two at once would each put back what the other has erased."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise BusyError(
            f"another process erases in {folder}; try again when it has finished, or pass --wait"
        ) from None
    except OSError as error:
        raise UsageError(f"{folder} cannot be changed: {error.strerror or error}") from None
    finally:
        os.close(handle)
