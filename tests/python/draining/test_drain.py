"""Drained is what was served, once, whatever happens on the way."""

import multiprocessing
import os
import random
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from draining.places import SCHEMA, Place
from feature_warehouse import RequestLog
from feature_warehouse.dev.servers import Valkey
from feature_warehouse.redis_store import layout
from feature_warehouse.redis_store.connection import close, connect
from feature_warehouse.redis_store.publication_log import PublicationLog
from harness.redis_fixture import HOUR, NAMES, Shelf
from harness.redis_servers import Cluster, cluster, there
from request_log.shop import START, STREAM, entity, instant, opened, put_shop, seen

__all__ = ["cluster", "there"]

TABLE = f"{SCHEMA}.requests_shop"


def served(url: str, seed: int = 0, **options: Any) -> list[dict[str, Any]]:
    """What callers got of some reads that were logged."""
    choose = random.Random(seed)
    told: list[dict[str, Any]] = []
    log = RequestLog(interval=0.001, **options)
    with opened(url, log) as store:
        for turn in range(15):
            asked = [
                entity(choose.choice((*range(30), None)), choose.choice(("x,y%", None)))
                for _ in range(choose.choice((1, 3, 12)))
            ]
            ids = [f"{seed}.{turn}.{number}" for number in range(len(asked))]
            vectors = store.get_many("shop", asked, request_id=ids)
            told += [seen(*pair) for pair in zip(asked, vectors, strict=True)]
            assert log.flush(60)
    return told


def ordered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(row["request_id"]))


def assert_drained(place: Place, told: list[dict[str, Any]]) -> None:
    """The table has what callers were told, row by row."""
    rows = ordered(place.rows(f"select * from {TABLE}"))
    assert len(rows) == len(told)
    for row, wanted in zip(rows, ordered(told), strict=True):
        assert {name: row[name] for name in wanted} == wanted
    assert len({(row["read_id"], row["position"]) for row in rows}) == len(rows)


def test_what_is_drained_is_what_was_served(place: Place, url: str, client: Any) -> None:
    told = served(url)
    [result] = place.drain(client)
    assert (result.status, result.message, result.rows, result.rows_known) == (
        "success", "", len(told), 0,
    )  # fmt: skip
    assert_drained(place, told)
    assert client.xlen(STREAM) == 0
    [nothing] = place.drain(client)
    assert (nothing.status, nothing.messages, nothing.rows) == ("success", 0, 0)
    more = served(url, 1)
    assert [one.rows for one in place.drain(client)] == [len(more)]
    assert_drained(place, told + more)


def test_the_columns_have_types(place: Place, url: str, client: Any) -> None:
    served(url)
    place.drain(client)
    session = place.ask()
    with closing(session):
        types = dict(session.columns(f"select * from {TABLE}"))
    names = ("read_id", "position", "requested_at", "customer", "limit", "scaled", "orders_run")
    wanted = {
        "duckdb": "UUID BIGINT TIMESTAMP BIGINT DECIMAL(38,2) DOUBLE BIGINT",
        "postgres": "uuid bigint timestamp_without_time_zone bigint numeric(38,2)"
        " double_precision bigint",
    }[place.engine]
    assert [types[name].replace(" ", "_") for name in names] == wanted.split()


def test_what_comes_twice_is_there_once(place: Place, url: str, client: Any) -> None:
    told = served(url)
    entries = client.xrange(STREAM)
    place.drain(client)
    for _, fields in entries:
        client.xadd(STREAM, fields)
    client.xadd(STREAM, entries[0][1])
    [result] = place.drain(client)
    assert (result.status, result.rows, result.rows_known > len(told)) == ("success", 0, True)
    assert_drained(place, told)


class Steps:
    """Ends the process at one of the calls that go through it, the first being 0."""

    def __init__(self, end: int) -> None:
        self.left = end

    def watch(self, target: Any) -> Any:
        return Watched(self, target)

    def step(self) -> None:
        if self.left == 0:
            os._exit(9)
        self.left -= 1


class Watched:
    """What it watches, with a step before each call."""

    def __init__(self, steps: Steps, target: Any) -> None:
        self._steps, self._target = steps, target

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if not callable(found):
            return found

        def call(*args: Any, **options: Any) -> Any:
            self._steps.step()
            return found(*args, **options)

        return call


def _drain_until(place: Place, url: str, end: int) -> None:
    steps = Steps(end)
    client = connect(url)
    tables: Any = place.open()
    tables._connection = steps.watch(tables._connection)
    watched: Any = steps.watch(client)
    watched.get_connection_kwargs = client.get_connection_kwargs
    [result] = place.drain(watched, tables=tables)
    os._exit(0 if result.status == "success" else 1)


def test_a_kill_at_any_step_loses_and_doubles_nothing(
    place: Place, url: str, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that there are many.
    monkeypatch.setattr("feature_warehouse.draining.drain.MESSAGES", 4)
    told = served(url)
    ends = []
    fork = multiprocessing.get_context("fork")
    for end in range(1000):
        child = fork.Process(target=_drain_until, args=(place, url, end))
        child.start()
        child.join()
        ends.append(child.exitcode)
        if child.exitcode != 9:
            break
        if end % 5 == 4:
            told += served(url, end + 1)
    assert ends[-1] == 0
    assert len(ends) > 10
    assert_drained(place, told)
    assert client.xlen(STREAM) == 0


def test_two_drains_at_once(place: Place, url: str, client: Any) -> None:
    """Where an engine lets two write: what one has read, the other may have added."""
    told = served(url)
    page = client.xrange(STREAM)
    with closing(connect(url)) as other:
        slow: Any = Watched(Steps(-1), other)
        slow.xrange = lambda *_, **__: [page, []].pop(0) if page else []
        place.drain(client)
        answers = [page, []]
        slow.xrange = lambda *_, **__: answers.pop(0)
        slow.get_connection_kwargs = other.get_connection_kwargs
        [result] = place.drain(slow)
    assert (result.status, result.rows, result.rows_known) == ("success", 0, len(told))
    assert_drained(place, told)


def test_a_table_that_is_not_there_is_made_on_request(place: Place, url: str, client: Any) -> None:
    told = served(url)
    waiting = client.xlen(STREAM)
    [result] = place.drain(client, create=False)
    assert (result.status, result.exit_code) == ("error", 2)
    assert '"logged"."requests_shop" is not there; pass --create' in result.message
    assert client.xlen(STREAM) == waiting
    [result] = place.drain(client)
    assert result.rows == len(told)


def test_a_service_that_gets_a_feature(place: Place, url: str, client: Any) -> None:
    """Rows of both times are drained; what a time did not have is NULL."""
    shelf = Shelf(client)

    def serve(features: dict[str, str], number: int, fingerprint: str) -> None:
        rows: Any = {1: (HOUR, [0.5] * len(features))}
        shelf.view("v", features, rows, number=number)
        shelf.flip("v", number)
        shelf.service("s", fingerprint, {"v": features})
        with opened(url, RequestLog()) as store:
            store.get("s", {"id": 1})

    serve({"a": "float"}, 1, "aa")
    assert [one.rows for one in place.drain(client) if one.service == "s"] == [1]
    serve({"b": "float", "a": "float"}, 2, "bb")
    [refused] = [one for one in place.drain(client, create=False) if one.service == "s"]
    assert refused.exit_code == 2
    assert f'"{SCHEMA}"."requests_s" add column "v_b"' in refused.message
    place.drain(client)
    rows = place.rows(f"select v_a, v_b, fingerprint from {SCHEMA}.requests_s order by 3")
    assert [tuple(row.values()) for row in rows] == [(0.5, None, "aa"), (0.5, 0.5, "bb")]


def test_a_feature_of_another_type_is_refused(place: Place, url: str, client: Any) -> None:
    shelf = Shelf(client)
    for number, (kind, value) in enumerate((("float", 0.5), ("string", "x")), 1):
        shelf.view("v", {"a": kind}, {1: (HOUR, [value])}, number=number)
        shelf.flip("v", number)
        shelf.service("s", f"f{number}", {"v": {"a": kind}})
        with opened(url, RequestLog()) as store:
            store.get("s", {"id": 1})
        [result] = [one for one in place.drain(client) if one.service == "s"]
    assert (result.status, result.exit_code) == ("error", 2)
    assert "column 'v_a' of " in result.message
    assert client.xlen(NAMES.requests("s")) == 1


@pytest.mark.parametrize("text", [b"", b"\x93\x02\xa1x\x90", b"\xc1", b"\x93\x01\xa1x\x90"])
def test_a_message_that_cannot_be_read_stays(
    place: Place, url: str, client: Any, text: bytes
) -> None:
    client.xadd(STREAM, {"m": text})
    client.sadd("mini.dev:!requests", "shop")
    told = served(url)
    client.xadd(STREAM, {"another": text})
    [result] = place.drain(client)
    assert (result.status, result.exit_code, result.rows) == ("error", 1, len(told))
    assert result.message.startswith("2 messages cannot be drained")
    assert client.xlen(STREAM) == 2
    assert_drained(place, told)


def test_a_key_that_fits_no_column_stays_and_holds_nothing_up(
    place: Place, url: str, client: Any
) -> None:
    with opened(url, RequestLog(interval=0.001)) as store:
        store.get("shop", entity(2**70))
    told = served(url)
    [result] = place.drain(client)
    assert (result.exit_code, result.unreadable, result.rows) == (1, 1, len(told))
    assert_drained(place, told)


def test_a_value_that_the_database_refuses_holds_nothing_up(
    place: Place, url: str, client: Any
) -> None:
    told = served(url)
    with opened(url, RequestLog(interval=0.001)) as store:
        store.get("shop", entity(1, "zero \0"))
    told += served(url, 1)
    [result] = place.drain(client)
    if place.engine == "duckdb":
        assert (result.exit_code, result.rows) == (0, len(told) + 1)
        return
    assert (result.exit_code, result.unreadable, result.rows) == (1, 1, len(told))
    assert_drained(place, told)


def test_a_log_of_a_service_that_is_gone(place: Place, url: str, client: Any) -> None:
    told = served(url)
    for key in client.keys("mini.dev:*"):
        if b"!requests" not in key:
            client.delete(key)
    [result] = place.drain(client)
    assert result.rows == len(told)
    assert_drained(place, told)


def test_a_cluster(place: Place, there: Any, cluster: Cluster) -> None:
    put_shop(there)
    told = served(cluster.url)
    with closing(connect(cluster.url)) as client:
        [result] = place.drain(client)
        close(client)
    assert result.rows == len(told)
    assert_drained(place, told)


VALUES: dict[str, tuple[Any, Any]] = {
    "bool": (True, True),
    "int": (-(2**63), -(2**63)),
    "uint": (2**64 - 1, 2**64 - 1),
    "bigint": (str(2**100 + 1), 2**100 + 1),
    "float": (-0.1, -0.1),
    "float32": (0.5, 0.5),
    "decimal(10,2)": ("12345678.90", Decimal("12345678.90")),
    "decimal(38,10)": ("1234567890123456789012345678.0123456789",) * 2,
    "string": ("é'\"\\\n", "é'\"\\\n"),
    "binary": (b"\x00\xff", b"\x00\xff"),
    "date": (-1, date(1969, 12, 31)),
    "time": (86_399_999_999, time(23, 59, 59, 999_999)),
    "timestamp": (-1, datetime(1969, 12, 31, 23, 59, 59, 999_999)),
    "timestamptz": (1, datetime(1970, 1, 1, 0, 0, 0, 1, UTC)),
    "uuid": ("0b7c5dd1-a9d3-46f2-8a51-000000000001", UUID("0b7c5dd1-a9d3-46f2-8a51-000000000001")),
    "list<string>": (["a", None, "b,c"], ["a", None, "b,c"]),
    "list<int>": ([1, None], [1, None]),
    "list<uint>": ([2**64 - 1], [2**64 - 1]),
    'struct<"a":int,"b c":string>': ([1, "x"], {"a": 1, "b c": "x"}),
    'list<struct<"a":float>>': ([[0.5], None], [{"a": 0.5}, None]),
    "map<string,int>": ({"a": 1}, {"a": 1}),
}
"""By kind, a value as stored and as the warehouse gives it."""


def test_every_type(place: Place, url: str, client: Any) -> None:
    kinds = {f"c{number}": kind for number, kind in enumerate(VALUES)}
    shelf = Shelf(client)
    stored_values = [value for value, _ in VALUES.values()]
    nothing = [None] * len(VALUES)
    shelf.view("v", kinds, {1: (HOUR, stored_values), 2: (HOUR, nothing)})
    shelf.flip("v", 1)
    shelf.service("s", "aa", {"v": kinds})
    with opened(url, RequestLog()) as store:
        store.get_many("s", [{"id": 1}, {"id": 2}])
    [result] = [one for one in place.drain(client) if one.service == "s"]
    assert (result.status, result.message) == ("success", "")
    first, second = place.rows(f"select * from {SCHEMA}.requests_s order by position")
    for name, kind in kinds.items():
        _, wanted = VALUES[kind]
        found = first[f"v_{name}"]
        if kind == "binary":
            found = bytes(found)
        if kind == "timestamptz":
            found = found.astimezone(UTC)
        if kind == "decimal(38,10)":
            wanted = Decimal(wanted)
        if kind == "uuid":
            found = UUID(str(found))
        assert found == wanted, kind
        assert second[f"v_{name}"] is None, kind


def test_intervals(place: Place, url: str, client: Any) -> None:
    shelf = Shelf(client)
    shelf.view("v", {"a": "interval"}, {1: (HOUR, [[0, 3, 4_000_005]])})
    shelf.flip("v", 1)
    shelf.service("s", "aa", {"v": {"a": "interval"}})
    with opened(url, RequestLog()) as store:
        store.get("s", {"id": 1})
    place.drain(client)
    [row] = place.rows(f"select v_a from {SCHEMA}.requests_s")
    assert row["v_a"] == timedelta(days=3, seconds=4, microseconds=5)


# DuckDB has no such decimals, so no view has.
@pytest.mark.parametrize("place", ["postgres"], indirect=True)
def test_decimals_that_are_no_numbers(place: Place, url: str, client: Any) -> None:
    shelf = Shelf(client)
    shelf.view("v", {"a": "decimal", "b": "int"}, {1: (HOUR, ["NaN", 1]), 2: (HOUR, ["1.250", 2])})
    shelf.flip("v", 1)
    shelf.service("s", "aa", {"v": {"a": "decimal", "b": "int"}})
    with opened(url, RequestLog()) as store:
        store.get_many("s", [{"id": 1}, {"id": 2}])
    place.drain(client)
    rows = place.rows(f"select v_a::text as a, v_b as b from {SCHEMA}.requests_s order by 2")
    assert rows == [{"a": "NaN", "b": 1}, {"a": "1.250", "b": 2}]


def test_personal_data_is_not_in_the_table(place: Place, url: str, client: Any) -> None:
    put_shop(client, pii=("email",))
    with opened(url, RequestLog()) as store:
        store.get("shop", entity(4))
    place.drain(client)
    [row] = place.rows(f"select * from {TABLE}")
    assert {"email", "sent_to"}.isdisjoint(row)
    assert (row["customer"], row["count"]) == (4, 4)


def test_a_row_past_its_grace_has_no_version(place: Place, url: str, client: Any) -> None:
    with opened(url, RequestLog()) as store:
        store.get_many("shop", [entity(4), entity(14), entity(24)])
    place.drain(client)
    names = ("orders_status", "orders_event_timestamp", "orders_run", "orders_generation")
    rows = place.rows(f"select {', '.join(names)} from {TABLE} order by position")
    event = instant(1_700_000_000_000_000 - 20 * HOUR)
    assert [tuple(row.values()) for row in rows] == [
        ("found", instant(1_700_000_000_000_000), 3, 7),
        ("expired", event, 3, 7),
        ("missing", None, None, 7),
    ]


def test_the_publication_log(place: Place, client: Any) -> None:
    """Two runs, a rollback and one that was noted late, drained in two goes, one of them twice."""
    log = PublicationLog(client, NAMES)
    made = [
        layout.Generation(
            view="scores",
            number=number,
            keys=(),
            features=(),
            schema=0,
            declaration={},
            simulated=number == 2,
            clock=START + number,
            watermark=START - number,
            run=10 + number,
            mode=mode,
            started_at=START + 5,
            published_at=START + 6 + number,
            invocation_id="abc",
        )
        for number, mode in ((1, "full"), (2, "compare"), (3, "incremental"))
    ]
    before = datetime.now(UTC).replace(tzinfo=None)
    log.note(made[0])
    log.note(made[1])
    entries = client.xrange("mini.dev:!publications")
    [result] = place.drain(client, publications=True)
    assert (result.status, result.rows) == ("success", 2)
    for _, fields in entries:
        client.xadd("mini.dev:!publications", fields)
    client.xadd("mini.dev:!publications", {"m": b"{"})
    log.note_rollback(made[0], at=START + 100)
    log.note_missing(made[2])
    log.note_missing(made[2])
    [result] = place.drain(client, publications=True)
    assert (result.exit_code, result.rows, result.rows_known, result.unreadable) == (1, 2, 2, 1)
    rows = place.rows(
        f"select * from {SCHEMA}.feature_warehouse_publications order by published_at"
    )
    after = datetime.now(UTC).replace(tzinfo=None)
    names = ("generation", "run", "mode", "is_simulated", "is_late", "started_at")
    assert [tuple(row[name] for name in names) for row in rows] == [
        (1, 11, "full", False, False, instant(START + 5)),
        (2, 12, "compare", True, False, instant(START + 5)),
        (3, 13, "incremental", False, True, instant(START + 5)),
        (1, 11, "rollback", False, False, instant(START + 100)),
    ]
    assert [row["clock"] for row in rows] == [instant(START + n) for n in (1, 2, 3, 1)]
    assert [row["watermark"] for row in rows] == [instant(START - n) for n in (1, 2, 3, 1)]
    assert rows[2]["finished_at"] == rows[2]["published_at"] == instant(START + 9)
    assert all(before <= row["finished_at"] <= after for row in rows if not row["is_late"])
    assert {(row["view"], row["invocation_id"]) for row in rows} == {("scores", "abc")}


def test_names_that_no_table_can_have(place: Place, client: Any) -> None:
    long = "s" * 60
    Shelf(client).service(long, "aa", {})
    client.sadd("mini.dev:!requests", long)
    [result] = place.drain(client)
    assert result.exit_code == 2
    assert "more than 63 bytes" in result.message


def test_the_least_that_a_drain_needs(
    place: Place, url: str, client: Any, valkey_server: Valkey
) -> None:
    """As the docstring of ``draining.drain`` says."""
    told = served(url)
    commands = ("+smembers", "+xrange", "+get", "+xdel")
    keys = ("~mini.dev:!requests*", "~mini.dev:!publications")
    rules = ("resetkeys", *keys, "-@all", *commands)
    client.execute_command("ACL", "SETUSER", "drain", "reset", "on", "nopass", *rules)
    with closing(connect(valkey_server.url.replace("//", "//drain:any@"))) as theirs:
        result, published = place.drain(theirs, publications=True)
    client.acl_deluser("drain")
    assert (result.message, result.rows) == (published.message, len(told)) == ("", len(told))
