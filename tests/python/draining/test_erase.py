"""An entity that is erased from the log is in no table, and no drain brings it back."""

import multiprocessing
import os
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from draining.places import SCHEMA, Place
from draining.reads import TABLE, assert_drained, served
from draining.test_interrupted_drains import Steps
from feature_warehouse import RequestLog
from feature_warehouse.declarations.model import Registry
from feature_warehouse.draining.erase import erase_from_table, request_tables, unexplained
from feature_warehouse.engines import engine_of
from feature_warehouse.errors import BusyError, UsageError
from feature_warehouse.redis_store.connection import connect
from feature_warehouse.request_log.erasing import Erased, Streams, Wanted
from harness.redis_fixture import NAMES
from harness.redis_servers import eventually
from request_log.shop import STREAM, entity, opened, put_shop, seen
from request_log.test_personal_data import KEY, digest

NOTHING = Registry("mini", "", "", datetime(2026, 1, 1, tzinfo=UTC), {}, {})
"""No service is declared: the descriptions of the log say what its columns are."""


def found_tables(place: Place, streams: Streams) -> list[Any]:
    with engine_of(place.engine).connect(place.credentials) as warehouse:
        return request_tables(warehouse.tables_of(SCHEMA), NOTHING, streams)


def erase(
    place: Place,
    client: Any,
    /,
    *,
    tables: Any = None,
    pii_key: bytes | None = None,
    wait: bool = True,
    **given: str,
) -> tuple[Erased | None, list[Erased | None]]:
    """What `forget` does: the streams, and then the tables, by a connection that may be open."""
    texts = {view: [given] for view in ("orders", "pairs")}
    wanted = Wanted(given, texts, pii_key)
    streams = Streams(client, NAMES)
    found = streams.erase("shop", wanted) if "shop" in streams.services else None
    own = found_tables(place, streams) if tables is None else list(tables.own)
    opened_tables = tables or place.open()
    try:
        dialect = engine_of(place.engine).DIALECT
        return found, [
            erase_from_table(opened_tables, dialect, one, wanted, wait=wait) for one in own
        ]
    finally:
        opened_tables.close()


def without(told: list[dict[str, Any]], **given: Any) -> list[dict[str, Any]]:
    return [row for row in told if any(row[name] != value for name, value in given.items())]


@pytest.mark.parametrize(
    ("given", "theirs"),
    [
        ({"customer": "2"}, {"customer": 2}),
        ({"id": "2"}, {"customer": 2}),
        ({"place": "x,y%"}, {"place": "x,y%"}),
        ({"id": "2", "place": "x,y%"}, {"customer": 2, "place": "x,y%"}),
    ],
    ids=str,
)
def test_what_is_drained_and_what_waits(
    place: Place, url: str, client: Any, given: Any, theirs: dict[str, Any]
) -> None:
    drained = served(url)
    place.drain(client)
    waiting = served(url, 2)
    in_stream, [in_table] = erase(place, client, **given)
    assert in_stream is not None
    assert in_table is not None
    assert in_table.place.endswith('"requests_shop"')
    counts = [len(told) - len(without(told, **theirs)) for told in (drained, waiting)]
    assert all(counts)
    assert [in_table.rows_erased, in_stream.rows_erased] == counts
    assert (in_table.left, in_stream.left) == (0, 0)
    place.drain(client)
    assert_drained(place, without(drained + waiting, **theirs))
    _, [again] = erase(place, client, **given)
    assert again is not None
    assert again.rows_erased == 0


def test_keys_of_personal_data(place: Place, url: str, client: Any) -> None:
    put_shop(client, pii=("customer",))
    with opened(url, RequestLog(pii_key=KEY)) as store:
        store.get_many("shop", [entity(2), entity(5), entity(2, None)])
    with opened(url, RequestLog()) as store:
        store.get("shop", entity(2))
    place.drain(client)
    assert erase(place, client, customer="2")[1][0] == Erased(
        f'"{place.credentials.database}"."{SCHEMA}"."requests_shop"', 0, 0, 3, 1
    )
    _, [found] = erase(place, client, pii_key=KEY, customer="2")
    assert found is not None
    assert (found.rows_erased, found.left, found.hashed, found.without_key) == (2, 0, 0, 1)
    rows = place.rows(f"select customer from {TABLE}")
    assert {row["customer"] for row in rows} == {digest(b"5"), None}


def test_a_drain_that_read_before_adds_nothing_after(place: Place, url: str, client: Any) -> None:
    """It has read the entity, then all is erased: it must see that, and read again."""
    told = served(url)
    pages: list[Any] = []

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(client, name)

        def xrange(self, *args: Any, **options: Any) -> Any:
            page = client.xrange(*args, **options)
            if not pages:
                Streams(client, NAMES).erase("shop", Wanted({"customer": "2"}, {}, None))
            pages.append(page)
            return page

    [result] = place.drain(Slow())
    assert (result.status, result.message) == ("success", "")
    assert len(pages) > 2
    assert_drained(place, without(told, customer=2))
    assert client.xlen(STREAM) == 0


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
def test_rows_that_are_being_added_are_waited_for(place: Place, url: str, client: Any) -> None:
    """They are there, not committed, and their drain has looked for the last time."""
    first = served(url)
    place.drain(client)
    told = first + served(url, 2)
    answers: list[Any] = []
    erasing = threading.Thread(target=lambda: answers.append(erase(place, client, customer="2")))
    tables: Any = place.open()
    append = tables.append

    def adding(table: str, rows: Any, key: Any, confirm: Callable[[], None]) -> int:
        def confirmed() -> None:
            confirm()
            if not erasing.ident:
                erasing.start()
                waiting = "select 1 from pg_locks where not granted"
                eventually(lambda: place.rows(waiting) or not erasing.is_alive(), "that it waits")

        return int(append(table, rows, key, confirmed))

    tables.append = adding
    [result] = place.drain(client, tables=tables)
    erasing.join(60)
    assert result.status == "success"
    [(_, [found])] = answers
    assert found.left == 0
    assert_drained(place, without(told, customer=2))


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
def test_who_does_not_wait_is_told(
    place: Place, url: str, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feature_warehouse.engines.postgres_append._PATIENCE_MS", 50)
    told = served(url)
    place.drain(client)
    session = place.ask()
    with closing(session):
        session.ask(f"begin; update {TABLE} set tag = tag where false")
        with pytest.raises(BusyError, match="another process is writing to requests_shop; try"):
            erase(place, client, wait=False, customer="2")
        session.ask("rollback")
    assert_drained(place, told)
    assert erase(place, client, wait=False, customer="2")[1][0] is not None
    assert_drained(place, without(told, customer=2))


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
def test_a_table_that_may_not_be_changed(place: Place, url: str, client: Any) -> None:
    told = served(url)
    place.drain(client)
    place.execute("drop role if exists adder; create role adder")
    place.execute(f"grant usage on schema {SCHEMA} to adder")
    place.execute(f"grant select, insert on {TABLE} to adder")
    place.credentials.role = "adder"
    with pytest.raises(UsageError, match=r"requests_shop cannot be written: .*permission denied"):
        erase(place, client, customer="2")
    place.credentials.role = None
    assert_drained(place, told)
    place.execute("drop owned by adder; drop role adder")


def test_a_key_column_of_another_type(place: Place, url: str, client: Any) -> None:
    served(url)
    place.drain(client)
    place.execute(f'alter table {TABLE} alter column "customer" type double precision')
    with pytest.raises(UsageError, match=r"(?i)'customer' of .* is double.*, a type that no key"):
        erase(place, client, customer="2")


def test_columns_that_nothing_explains(place: Place, url: str, client: Any) -> None:
    served(url)
    place.drain(client)
    place.execute(f"alter table {TABLE} add column buyer bigint")
    place.execute(f"create table {SCHEMA}.requests_old as select * from {TABLE}")
    place.execute(f"create table {SCHEMA}.requests_of_mine (customer bigint)")
    streams = Streams(client, NAMES)
    found = {one.name: one for one in found_tables(place, streams)}
    assert found.keys() == {"requests_shop", "requests_old"}
    assert unexplained(found["requests_shop"]) == ["buyer"]
    assert {"customer", "place", "note", "buyer"} <= {*unexplained(found["requests_old"])}
    _, erasures = erase(place, client, customer="2")
    assert sorted(one is None for one in erasures) == [False, True]


def _erase_until(place: Place, url: str, end: int) -> None:
    steps = Steps(end)
    client = connect(url)
    own = found_tables(place, Streams(client, NAMES))
    tables: Any = place.open()
    tables._connection = steps.watch(tables._connection)
    tables.own = own
    watched: Any = steps.watch(client)
    watched.get_connection_kwargs = client.get_connection_kwargs
    erase(place, watched, tables=tables, customer="2")
    os._exit(0)


@pytest.mark.parametrize("every", [6, pytest.param(1, marks=pytest.mark.long)])
def test_a_kill_at_any_step_and_once_more(place: Place, url: str, client: Any, every: int) -> None:
    told: list[dict[str, Any]] = []
    log = RequestLog(interval=0.001)
    with opened(url, log) as store:
        for turn in range(3):
            asked = [entity(turn), entity(turn + 1), entity(2)][: turn + 1]
            ids = [f"{turn}.{number}" for number in range(len(asked))]
            vectors = store.get_many("shop", asked, request_id=ids)
            told += [seen(*pair) for pair in zip(asked, vectors, strict=True)]
            assert log.flush(60)
    entries = [fields for _, fields in client.xrange(STREAM)]
    rest = without(told, customer=2)
    fork = multiprocessing.get_context("fork")
    for end in range(0, 200, every):
        # The entity comes back both into the table and into the stream.
        place.drain(client)
        assert_drained(place, told)
        for fields in entries:
            client.xadd(STREAM, fields)
        child = fork.Process(target=_erase_until, args=(place, url, end))
        child.start()
        child.join()
        if child.exitcode == 9:
            erase(place, client, customer="2")
        place.drain(client)
        assert_drained(place, rest)
        for fields in entries:
            client.xadd(STREAM, fields)
        if child.exitcode != 9:
            break
    assert child.exitcode == 0
    assert end > 8
