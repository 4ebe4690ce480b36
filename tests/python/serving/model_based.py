"""One view driven through all that happens to it, and rule 1 as a loop over its rows."""

from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
import redis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from feature_warehouse import NotPublishedError, OnlineStore
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.dev.servers import Valkey
from feature_warehouse.engines import Warehouse, open_warehouse
from feature_warehouse.engines.postgres import PostgresWarehouse
from feature_warehouse.engines.profile import load_profile
from feature_warehouse.publishing.generations import Generations
from feature_warehouse.publishing.materialize import Materialization
from feature_warehouse.publishing.publish_view import ViewResult
from feature_warehouse.publishing.run_plan import Clock
from feature_warehouse.publishing.verify import verify
from harness.engines import PostgreSQL
from harness.mini import NAMES, Mini
from harness.support import credentials_of
from local_postgres import Postgres

START = datetime(2036, 1, 1, tzinfo=UTC)
"""In the future, so that Redis itself drops nothing while we look."""

MINUTE = timedelta(minutes=1)
GRACE = timedelta(days=1)
KEYS = tuple((a, b) for a in (1, 12) for b in ("", "x,y", "é{%}"))

KINDS = (
    *["load"] * 6,
    *["load without key", "load without event", "load without created"],
    *["load with a wrong created", "correct", "correct", "rewrite", "delete", "delete entity"],
)

RARE = (
    *["ttl", "lag", "columns", "type", "other clock", "full refresh", "server is emptied"],
    *["clock goes back", "killed, and the clock goes back"] * 2,
    *["killed, and what it wrote is deleted"] * 2,
)


class Change(NamedTuple):
    """Something that happens to the source; ``lengths`` are minutes."""

    kind: str
    key: tuple[int, str]
    lengths: tuple[int, int]
    value: float | None


minutes = st.integers(-40, 40)
STEPS = (0, 1, 5, 30, 600, 2000)
VALUES = (None, 0.0, -1.5, 0.25)

steps = st.sampled_from(STEPS)
changes = st.lists(
    st.builds(
        Change,
        st.sampled_from(KINDS),
        st.sampled_from(KEYS),
        st.tuples(minutes, minutes),
        st.sampled_from(VALUES),
    ),
    min_size=1,
    max_size=8,
)


class Row(NamedTuple):
    """A row of the source: its load time is known, its created timestamp may be NULL or wrong."""

    a: int | None
    b: str | None
    event: datetime | None
    created: datetime | None
    value: float | None


class Killed(BaseException):
    """What no handler of ours expects."""


class Declaration(NamedTuple):
    created: bool = True
    ttl: int | None = None
    lag: int = 0
    extra: bool = False
    typed: str = "double precision"

    @property
    def columns(self) -> dict[str, str]:
        columns = {"a": "bigint", "b": "text", "ts": "timestamp", "value": self.typed}
        if self.created:
            columns["loaded"] = "timestamp"
        if self.extra:
            columns["extra"] = "text"
        return columns

    def available(self, row: Row) -> datetime:
        assert row.event is not None
        known = row.event + self.lag * MINUTE
        return max(known, row.created) if self.created and row.created else known

    def rank(self, row: Row) -> Any:
        """The order of newness, ties by the features."""
        created = row.created if self.created else None
        return (row.event, created is not None, created, row.value is not None, row.value)

    def newest(self, rows: list[Row], key: tuple[int, str], clock: datetime) -> Row | None:
        """Rule 1, as it is written."""
        best: Row | None = None
        for row in rows:
            if (row.a, row.b) != key or row.event is None or self.available(row) > clock:
                continue
            if best is None or self.rank(row) > self.rank(best):
                best = row
        return best

    def answer(self, row: Row | None, at: datetime) -> tuple[str, Any, datetime | None]:
        """Status, value and event timestamp that a reader is told."""
        if row is None or row.event is None:
            return ("missing", None, None)
        if self.ttl is not None:
            end = row.event + self.ttl * MINUTE
            if end + GRACE < at:
                return ("missing", None, None)
            if end < at:
                return ("expired", None, row.event)
        return ("null" if row.value is None else "found", row.value, row.event)


class Online(RuleBasedStateMachine):
    """The source, the warehouse as last built, and what readers must be told."""

    server: Valkey

    def __init__(self) -> None:
        super().__init__()
        self._scratch = TemporaryDirectory()
        self.mini = Mini(Path(self._scratch.name))
        self.client = redis.Redis.from_url(self.server.url)
        self.client.flushall()
        self.store = OnlineStore.from_url(self.server.url)
        self.profile = load_profile(self.mini.folder, self.mini.folder, None)
        self.now = START
        self.source: list[Row] = []
        self.declared = Declaration()
        self.built: list[Row] = []
        self.built_as = self.declared
        self.simulated = True
        self.told: dict[tuple[int, str], Row | None] | None = None
        self.told_as = self.declared
        self.told_at: datetime | None = None
        self.unfinished = False

    def teardown(self) -> None:
        self.store.close()
        self.client.close()
        self._scratch.cleanup()

    @initialize(created=st.booleans(), simulated=st.booleans())
    def begin(self, created: bool, simulated: bool) -> None:
        self.declared = self.declared._replace(created=created)
        self.simulated = simulated
        self.build()

    # What happens between two runs.

    @rule(changes=changes, before=steps, after=steps)
    def source_changes(self, changes: list[Change], before: int, after: int) -> None:
        """Changes at a time, then `dbt build`, then time passes."""
        self.now += before * MINUTE
        for change in changes:
            self._change(change)
        self.build()
        self.now += after * MINUTE

    @rule(changes=changes)
    def source_changes_and_is_not_built(self, changes: list[Change]) -> None:
        for change in changes:
            self._change(change)

    def _change(self, change: Change) -> None:
        event, created = (self.now + length * MINUTE for length in change.lengths)
        row = Row(*change.key, event, self.now, change.value)
        old = self.source[change.lengths[0] % len(self.source)] if self.source else row
        match change.kind:
            case "load":
                self.source.append(row)
            case "load without key":
                self.source.append(row._replace(a=None))
            case "load without event":
                self.source.append(row._replace(event=None))
            case "load without created":
                self.source.append(row._replace(created=None))
            case "load with a wrong created":
                self.source.append(row._replace(created=created))
            case "correct":
                self.source.append(old._replace(created=self.now, value=change.value))
            case "rewrite":
                self.source = [
                    one._replace(value=change.value) if one is old else one for one in self.source
                ]
            case "delete":
                self.source = [one for one in self.source if one is not old]
            case "delete entity":
                self.source = [one for one in self.source if (one.a, one.b) != change.key]

    @rule(step=steps)
    def time_passes(self, step: int) -> None:
        self.now += step * MINUTE

    @rule(what=st.sampled_from(RARE), length=st.sampled_from([None, 10, 60]))
    def something_rare(self, what: str, length: int | None) -> None:
        match what:
            case "ttl" | "lag" | "columns" | "type":
                self._declare(what, length)
            case "clock goes back" if self.simulated:
                self.now -= (length or 1) * MINUTE
                self._materialize()
            case "killed, and the clock goes back" if self.simulated:
                self.build()
                self.now += (length or 1) * MINUTE
                self.materialize_and_be_killed(full_refresh=False)
                self.now -= (length or 1) * MINUTE
                self._materialize()
            case "killed, and what it wrote is deleted":
                self.build()
                self.materialize_and_be_killed(full_refresh=False)
                self.source = [row for row in self.source if row.created != self.now]
                self.build()
                self._materialize()
            case "other clock":
                self.simulated = not self.simulated
            case "full refresh":
                self._materialize(full_refresh=True)
            case "server is emptied":
                self.client.flushall()
                self.told = None
                self.unfinished = False

    def _declare(self, what: str, length: int | None) -> None:
        declared = self.declared
        types = {"decimal(8,2)": "double precision", "double precision": "decimal(8,2)"}
        changed: dict[str, Any] = {
            "ttl": {"ttl": length},
            "lag": {"lag": 7 - declared.lag},
            "columns": {"extra": not declared.extra},
            "type": {"typed": types[declared.typed]},
        }
        self.declared = declared._replace(**changed[what])

    # What our users run.

    def build(self) -> None:
        """`dbt build`."""
        self.built, self.built_as = list(self.source), self.declared
        declared = {"ttl": self.declared.ttl, "availability_lag": self.declared.lag}
        lengths = {name: f"{length} minutes" for name, length in declared.items() if length}
        created = {"created_timestamp": "loaded"} if self.declared.created else {}
        rows = ", ".join(map(self._sql, self.built)) or "(null, null, null, null, null)"
        names = ", ".join(self.declared.columns)
        query = (
            f"with t(a, b, ts, loaded, value) as (values {rows}), typed as (select"
            " cast(a as bigint) as a, cast(b as text) as b, cast(ts as timestamp) as ts,"
            f" cast(value as {self.declared.typed}) as value, cast(loaded as timestamp) as loaded,"
            f" 'x' as extra from t) select {names} from typed"
        )
        block: dict[str, Any] = {"join_keys": ["a", "b"], **lengths, **created}
        self.mini.view("scores", self.declared.columns, **self.table(query), **block)
        self.mini.built = self.now

    def table(self, query: str) -> dict[str, Any]:
        """What ``Mini.view`` is told of the table."""
        return {"query": query}

    def warehouse(self) -> Warehouse:
        return open_warehouse(self.profile)

    def _sql(self, row: Row) -> str:
        times = (row.event, row.created)
        instants = [f"timestamp '{t.replace(tzinfo=None)}'" if t else "null" for t in times]
        text = "null" if row.b is None else f"'{row.b}'"
        numbers = ["null" if n is None else repr(n) for n in (row.a, row.value)]
        return f"({numbers[0]}, {text}, {', '.join(instants)}, {numbers[1]})"

    def _run(self, progress: Any = lambda *_: None, **options: Any) -> ViewResult:
        registry = read_registry(self.mini.write(), self.mini.folder)
        clock = Clock.at(self.now)
        if not self.simulated:
            clock = Clock(clock.now, simulated=False)
        with self.warehouse() as warehouse:
            work = Materialization(registry, self.client, environment="dev", clock=clock, **options)
            [result] = work.views(warehouse, progress)
        return result

    @rule()
    def materialize(self) -> None:
        self._materialize()

    @rule(changes=changes, step=steps)
    def materialize_often(self, changes: list[Change], step: int) -> None:
        """Runs between builds as well."""
        self.source_changes(changes, 1, step)
        self._materialize()
        self.now += step * MINUTE
        self._materialize()

    @rule(changes=changes, before=steps, after=steps)
    def build_and_materialize(self, changes: list[Change], before: int, after: int) -> None:
        """What a schedule does most of the time."""
        self.source_changes(changes, before, after)
        self._materialize()

    def _materialize(self, full_refresh: bool = False) -> None:
        result = self._run(full_refresh=full_refresh)
        if result.exit_code == 4:
            assert "a later run has published" in result.message
            return
        assert result.status == "success", result.message
        assert self._differences() == {}
        self.told_at = self.now if self.simulated else None
        self.told_as = self.built_as
        self.told = {key: self.built_as.newest(self.built, key, self.now) for key in KEYS}
        self.unfinished = False

    def _differences(self) -> dict[str, int]:
        """What `verify` finds: native expiry above all, which readers cannot see."""
        registry = read_registry(self.mini.write(), self.mini.folder)
        with self.warehouse() as warehouse:
            [result] = verify(registry, self.client, NAMES, warehouse)
        assert result.exit_code in (0, 1), result.message
        return result.differences

    @rule(full_refresh=st.booleans())
    def materialize_and_be_killed(self, full_refresh: bool) -> None:
        """No handler runs: the lock stays until it expires, here until we remove it."""

        def kill(*_: Any) -> None:
            raise Killed

        with pytest.MonkeyPatch.context() as patch, suppress(Killed):
            patch.setattr(Generations, "abandon", lambda *_: None)
            self._run(kill, full_refresh=full_refresh)
        self.client.delete(NAMES.lock("scores"))
        self.unfinished = True

    # What readers see, always.

    @invariant()
    def readers_are_told_the_truth(self) -> None:
        if self.unfinished:
            return  # between two truths; the next run decides
        asked = [{"a": a, "b": b} for a, b in KEYS]
        if self.told is None:
            with pytest.raises(NotPublishedError):
                self.store.get_many("scores", asked)
            return
        for later in (None, 0, 1, 10, 61, 1501):
            if later is None and self.told_at is None:
                continue
            # Readers follow a simulated clock, which stands still.
            given = None if later is None else self.now + later * MINUTE
            at = given or self.told_at or self.now
            vectors = self.store.get_many("scores", asked, at=given)
            for key, vector in zip(KEYS, vectors, strict=True):
                expected = self.told_as.answer(self.told[key], at)
                found = (vector.status("value"), vector["value"], vector.event_timestamp("value"))
                assert found == expected, (key, at)


class OnlineFromPostgres(Online):
    """The same with a table in PostgreSQL."""

    postgres: Postgres

    def table(self, query: str) -> dict[str, Any]:
        self.mini.adapter = "postgres"
        with closing(PostgreSQL(self.postgres.uri, "game")) as engine:
            engine.ask(f"drop table if exists scores; create table scores as {query}")
        return {"relation": '"game"."scores"'}

    def warehouse(self) -> Warehouse:
        return PostgresWarehouse(credentials_of(self.postgres))
