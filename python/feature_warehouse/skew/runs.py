"""Which runs can have been in service when a row was read, by the publication log."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

__all__ = ["Bounds", "Run", "Runs"]


class Run(msgspec.Struct, frozen=True):
    """A run over a view, as the publication log has it; instants are microseconds since 1970 UTC.

    ``ttl`` is in microseconds. ``history``, ``rule`` and ``columns`` are fingerprints, see
    ``publication_log.Note``; empty in notes of a version before they were noted.
    """

    run: int
    generation: int
    clock: int
    watermark: int
    started_at: int
    finished_at: int
    ttl: int | None
    history: str
    rule: str
    columns: str
    is_simulated: bool = False


class Bounds(msgspec.Struct, frozen=True):
    """What readers can have known.

    All rows that were available and loaded at ``certain``, and some of those that became so until
    ``upper``. ``run`` is the last one that had come to its end for certain, or the first over the
    generation. Rows whose ttl and grace ended before ``dropped`` may have been left out by a run,
    or dropped by Redis.
    """

    run: Run
    certain: int
    upper: int
    dropped: int

    @property
    def clock(self) -> int:
        """That of ``run``."""
        return self.run.clock


class Runs:
    """Those over one view."""

    def __init__(self, runs: Iterable[Run], *, tolerance: int) -> None:
        """``tolerance`` is how far clocks may be apart, in microseconds. Rollbacks are no runs."""
        self._tolerance = tolerance
        self._by_generation: dict[int, list[Run]] = {}
        # Not by their numbers alone: these begin anew where a server was emptied.
        for run in sorted(runs, key=lambda one: (one.finished_at, one.run)):
            self._by_generation.setdefault(run.generation, []).append(run)

    def bounds(self, generation: int, at: int, wrote: int | None, asked: int) -> Bounds | None:
        """For a row of a generation, read at an instant, that the run ``wrote`` has written.

        ``asked`` is the instant that the read was about. None if the log has no such run.
        """
        runs = self._by_generation.get(generation)
        if not runs:
            return None
        ended = [one for one in runs if one.finished_at + self._tolerance <= at]
        last = ended[-1] if ended else runs[0]
        after = runs[runs.index(last) + 1 :]
        begun = [one.clock for one in after if one.started_at - self._tolerance <= at]
        upper = max([last.clock, *begun])
        if wrote is not None and wrote > last.run:
            # A run that wrote it and is not noted was cut off; the next one had a later clock.
            later = [one.clock for one in after if one.run >= wrote]
            upper = max(upper, later[0] if later else asked)
        # Redis drops no row while time is simulated.
        dropped = upper if last.is_simulated else max(upper, at + self._tolerance)
        return Bounds(last, min(last.watermark, last.clock), upper, dropped)


def runs_of(rows: Iterable[Mapping[str, Any]]) -> list[Run]:
    """Runs of rows of the publication log's table."""
    return [
        msgspec.convert({**row, **{name: row[name] or "" for name in _TEXTS}}, Run) for row in rows
    ]


_TEXTS = ("history", "rule", "columns")
