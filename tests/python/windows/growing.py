"""Incremental window views: their SQL, and what dbt does with it, without dbt's seconds."""

from dataclasses import dataclass, replace
from pathlib import Path

from harness.engines import Engine, quote
from harness.host import compiled
from windows.oracle import Event, View
from windows.proof import Rows, read
from windows.shapes import DISTINCT, ENDS, EXACT, HOUR, KEY, OFFSETS, ORDERED, WINDOWS

SOME = (*EXACT[:4], *DISTINCT[:1], ORDERED[1], ORDERED[6], *ENDS[:2])

_VIEWS = (
    View(name="in_order", keys=KEY, event="ts", aggregates=SOME, windows=WINDOWS[:2]),
    View(
        name="grown_with_lag",
        keys=KEY,
        event="ts",
        lag=HOUR,
        aggregates=SOME,
        windows=(*WINDOWS[:1], *OFFSETS[1:2]),
        options={"availability_lag": "1 hour"},
    ),
    View(
        name="grown_late",
        keys=KEY,
        event="ts",
        created="loaded",
        aggregates=SOME,
        windows=WINDOWS[:2],
    ),
    View(
        name="grown_for_ever",
        keys={"who": "k", "k2": "k2"},
        event="tz",
        created="loaded",
        aggregates=SOME,
        windows=(*WINDOWS, *OFFSETS),
    ),
    View(
        name="grown_with_offsets",
        keys=KEY,
        event="ts",
        created="loaded",
        aggregates=SOME,
        windows=OFFSETS[1:3],
    ),
    View(
        name="grown_by_all",
        keys={},
        event="tz",
        created="loaded",
        aggregates=SOME,
        windows=WINDOWS,
    ),
)
GROWING = tuple(replace(view, materialized="incremental") for view in _VIEWS)


@dataclass(frozen=True)
class Site:
    """An engine where the growing views were built without events, and the SQL of all views.

    ``incremental`` and ``full`` are target folders of dbt with one and the other form of it.
    """

    engine: Engine
    incremental: Path
    full: Path

    def build(self, view: View) -> None:
        """What `dbt run --full-refresh` does."""
        self.engine.ask(f"delete from {view.name}")
        self.engine.ask(f"insert into {view.name} {compiled(self.full, view.name)}")

    def grow(self, view: View, *, crash: bool = False) -> None:
        """What `dbt run` does with `delete+insert`; a crash comes between the two."""
        table = view.name
        same = " and ".join(
            f"{table}.{quote(name)} = news.{quote(name)}" for name in [*view.keys, "changed_at"]
        )
        self.engine.ask("begin")
        self.engine.ask(f"create temporary table news as {compiled(self.incremental, view.name)}")
        self.engine.ask(f"delete from {table} using news where {same}")
        if crash:
            self.engine.ask("rollback")
            return
        self.engine.ask(f"insert into {table} select * from news")
        self.engine.ask("drop table news")
        self.engine.ask("commit")

    def rows(self, view: View) -> Rows:
        return read(self.engine, view, view.name)


def load_time(view: View, event: Event) -> int:
    """When the warehouse got an event; the event's own time where nobody has noted it."""
    created = event[view.created] if view.created else None
    at: int = event[view.event] if created is None else created
    return at
