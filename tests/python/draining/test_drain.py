"""Drained is what was served, once, whatever happens on the way."""

from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from draining.places import SCHEMA, Place
from draining.reads import assert_drained, served
from feature_warehouse import RequestLog
from feature_warehouse.dev.servers import Valkey
from feature_warehouse.redis_store import layout
from feature_warehouse.redis_store.connection import close, connect
from feature_warehouse.redis_store.publication_log import PublicationLog
from harness.redis_fixture import NAMES, Shelf
from harness.redis_servers import Cluster, cluster, there
from request_log.shop import START, STREAM, entity, instant, opened, put_shop

__all__ = ["cluster", "there"]


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


def test_a_table_that_is_not_there_is_made_on_request(place: Place, url: str, client: Any) -> None:
    told = served(url)
    waiting = client.xlen(STREAM)
    [result] = place.drain(client, create=False)
    assert (result.status, result.exit_code) == ("error", 2)
    assert '"logged"."requests_shop" is not there; pass --create' in result.message
    assert client.xlen(STREAM) == waiting
    [result] = place.drain(client)
    assert result.rows == len(told)


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
