"""A carrier without a server: Parquet files, `<folder>/<service>/<date>/<id>.parquet`.

Each has the columns of ``tables`` and is there as a whole or not at all. What was dropped is told
by `RequestLog.dropped` alone.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from feature_warehouse.errors import FeatureWarehouseError
from feature_warehouse.redis_store import layout
from feature_warehouse.request_log import messages
from feature_warehouse.request_log.descriptions import Description, Recorder
from feature_warehouse.request_log.tables import Decoder
from feature_warehouse.request_log.writer import Lost
from feature_warehouse.serving.reads import new_id
from feature_warehouse.util.files import replacing

__all__ = ["FolderCarrier"]

_DECODERS: Final = 64


class FolderCarrier:
    """Writes files into a folder, which is made where it lacks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._taken: dict[str, tuple[Recorder, list[messages.Entities]]] = {}
        """By description."""
        self._decoders: dict[str, Decoder] = {}

    def write(self, how: Recorder, message: bytes, count: int) -> None:
        """Take a message for the next file."""
        del count
        found = messages.decode(message)
        assert found is not None  # we have just made it
        self._taken.setdefault(how.id, (how, []))[1].extend(found.reads)

    def settle(self) -> Iterator[Lost]:
        """Write a file for each service; what could not be written."""
        taken, self._taken = self._taken, {}
        for how, reads in taken.values():
            try:
                self._write_file(how.service, self._decoder(how).table(reads))
            except (pa.ArrowException, ValueError, OSError, FeatureWarehouseError) as error:
                yield Lost(how, sum(map(len, reads)), error)

    def _decoder(self, how: Recorder) -> Decoder:
        if how.id not in self._decoders:
            if len(self._decoders) >= _DECODERS:
                self._decoders.clear()
            description = msgspec.json.decode(how.text, type=Description)
            self._decoders[how.id] = Decoder(description)
        return self._decoders[how.id]

    def _write_file(self, service: str, table: pa.Table) -> None:
        day = datetime.now(UTC).date().isoformat()
        folder = self._folder / service / day
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / f"{UUID(bytes=new_id())}.parquet") as scratch:
            pq.write_table(table, scratch, compression="zstd")

    def count_dropped(self, names: layout.Names, service: str, count: int) -> None:
        """Nothing: no file has a place for it."""

    def forget(self) -> None:
        """Leave what was taken to the process that this one was forked from."""
        self._taken = {}

    def close(self) -> None:
        """Nothing is open."""
