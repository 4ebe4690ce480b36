"""An entity that is erased from the streams is in no message, and everything else still is."""

import random
from contextlib import closing
from typing import Any

import pytest

from feature_warehouse import RequestLog, UnreachableError
from feature_warehouse.dev.servers import Valkey
from feature_warehouse.redis_store import layout
from feature_warehouse.redis_store.connection import connect, reachable
from feature_warehouse.request_log.erasing import Streams, Wanted
from harness.redis_fixture import NAMES
from harness.redis_servers import Cluster, cluster, there
from request_log.shop import STREAM, entity, logged, opened, put_shop, seen
from request_log.test_personal_data import FLAGGED, KEY, digest

__all__ = ["cluster", "there"]

PLACES = ("x,y%", "4", None)


def served(url: str, **options: Any) -> list[dict[str, Any]]:
    """What callers got of reads of one and of many, in which entities repeat and have NULL keys."""
    choose = random.Random(7)
    told: list[dict[str, Any]] = []
    log = RequestLog(**options)
    with opened(url, log) as store:
        for turn in range(12):
            asked = [
                entity(choose.choice((4, 4, 5, 14, None)), choose.choice(PLACES))
                for _ in range(choose.choice((1, 2, 9)))
            ]
            ids = [f"{turn}.{number}" for number in range(len(asked))]
            found = store.get_many("shop", asked, request_id=ids)
            told += [seen(*pair) for pair in zip(asked, found, strict=True)]
            if turn % 4 == 3:
                assert log.flush(60)
    return told


def erased(client: Any, pii_key: bytes | None = None, **given: str) -> Any:
    # The views say what forms the values have; here they have those that are given.
    texts = {view: [given] for view in ("orders", "pairs")}
    return Streams(client, NAMES).erase("shop", Wanted(given, texts, pii_key))


def assert_logged(client: Any, told: list[dict[str, Any]]) -> None:
    """The stream has this and nothing else, each once."""
    rows = {row["request_id"]: row for row in logged(client)}
    assert len(rows) == len(logged(client)) == len(told)
    for wanted in told:
        row = rows[wanted["request_id"]]
        assert {name: row[name] for name in wanted} == wanted
        assert row["position"] == int(wanted["request_id"].partition(".")[2])


@pytest.fixture
def url(valkey_server: Valkey, client: Any) -> str:
    put_shop(client)
    return valkey_server.url


@pytest.mark.parametrize(
    "given",
    [
        {"customer": "4"},
        {"id": "4"},  # what the view of pairs calls it
        {"place": "x,y%"},
        {"place": "4"},
        {"id": "4", "place": "x,y%"},
    ],
    ids=str,
)
def test_what_is_erased_is_the_entity_and_nothing_else(url: str, client: Any, given: Any) -> None:
    told = served(url)
    names = {"customer": "customer", "id": "customer", "place": "place"}
    theirs = [
        row for row in told if all(str(row[names[key]]) == text for key, text in given.items())
    ]
    assert 3 < len(theirs) < len(told)
    found = erased(client, **given)
    assert (found.place, found.rows_erased, found.left) == (STREAM, len(theirs), 0)
    assert (found.hashed, found.without_key, found.unreadable) == (0, 0, 0)
    assert_logged(client, [row for row in told if row not in theirs])
    again = erased(client, **given)
    assert (again.rows_erased, again.left) == (0, 0)


@pytest.mark.parametrize("given", [{}, {"customer": "x"}, {"customer": "04"}, {"colour": "4"}])
def test_what_is_no_such_entity(url: str, client: Any, given: Any) -> None:
    told = served(url)
    # A text that is no form of the key's type, or another form of it, is read as that type is.
    count = sum(row["customer"] == 4 for row in told) if given == {"customer": "04"} else 0
    found = erased(client, **given)
    assert (found.rows_erased if found else 0) == count
    assert len(logged(client)) == len(told) - count


def test_keys_that_are_hashed(valkey_server: Valkey, client: Any) -> None:
    put_shop(client, pii=FLAGGED)
    told = served(valkey_server.url, pii_key=KEY)
    theirs = sum(row["customer"] == 4 for row in told)
    found = erased(client, customer="4")
    assert (found.rows_erased, found.hashed) == (0, len(told))
    found = erased(client, KEY, customer="4")
    assert (found.rows_erased, found.left, found.hashed) == (theirs, 0, 0)
    rest = [row["customer"] for row in logged(client)]
    assert digest(b"4") not in rest
    assert len(rest) == len(told) - theirs
    # A key that is not flagged stands beside it as it is.
    theirs = sum(row["place"] == "4" and row["customer"] != 4 for row in told)
    assert erased(client, place="4").rows_erased == theirs


def test_keys_that_are_left_out(valkey_server: Valkey, client: Any) -> None:
    put_shop(client, pii=FLAGGED)
    told = served(valkey_server.url)
    found = erased(client, KEY, customer="4")
    assert (found.rows_erased, found.without_key) == (0, len(told))


def test_what_cannot_be_read_is_counted(url: str, client: Any) -> None:
    told = served(url)
    client.xadd(STREAM, {"m": b"\xc1"})
    client.xadd(STREAM, {"m": b"\x93\x01\xa1x\x90"})
    found = erased(client, customer="4")
    assert (found.left, found.unreadable) == (0, 2)
    assert found.rows_erased == sum(row["customer"] == 4 for row in told)
    for key in client.scan_iter(f"{STREAM}@*".replace("{", "\\{")):
        client.delete(key)
    assert erased(client, customer="5").unreadable == client.xlen(STREAM)


def test_a_message_that_was_drained_meanwhile_does_not_come_back(url: str, client: Any) -> None:
    served(url)
    streams = Streams(client, NAMES)
    replace: Any = streams._replace

    def drained_before(**options: Any) -> Any:
        client.xdel(STREAM, options["args"][0])
        return replace(**options)

    streams._replace = drained_before
    found = streams.erase("shop", Wanted({"customer": "4"}, {}, None))
    assert found is not None
    assert (found.rows_erased, found.left) == (0, 0)
    assert 4 not in [row["customer"] for row in logged(client)]


def test_a_generation_that_comes_into_service_meanwhile(url: str, client: Any) -> None:
    """Its reads have a description that was not there when the erasure began."""
    streams = Streams(client, NAMES)
    told = served(url)
    put_shop(client, number=2)
    told += served(url)
    found = streams.erase("shop", Wanted({"customer": "4"}, {}, None))
    assert found is not None
    count = sum(row["customer"] == 4 for row in told)
    assert (found.rows_erased, found.left, found.unreadable) == (count, 0, 0)


def test_another_environment_keeps_its_own(url: str, client: Any) -> None:
    told = served(url)
    other = layout.Names(NAMES.project, "other")
    assert Streams(client, other).services == []
    assert Streams(client, layout.Names(NAMES.project, "de")).services == []
    assert len(logged(client)) == len(told)


def test_a_list_of_services_that_is_lost(url: str, client: Any) -> None:
    told = served(url)
    client.delete(NAMES.logged_services)
    assert Streams(client, NAMES).services == ["shop"]
    assert erased(client, customer="4").rows_erased == sum(row["customer"] == 4 for row in told)


def test_a_cluster(there: Any, cluster: Cluster) -> None:
    put_shop(there)
    told = served(cluster.url)
    with closing(connect(cluster.url)) as client:
        found = erased(client, customer="4")
    assert (found.rows_erased, found.left) == (sum(row["customer"] == 4 for row in told), 0)
    assert_logged(there, [row for row in told if row["customer"] != 4])


@pytest.mark.parametrize("lacks", ["", "+xrange", "+xdel"])
def test_the_least_that_it_needs(url: str, client: Any, valkey_server: Valkey, lacks: str) -> None:
    """As the docstring of ``materialize`` says, beside what a publisher needs."""
    told = served(url)
    commands = {"+scan", "+smembers", "+get", "+set", "+evalsha", "+script|load", "+xadd"}
    rules = (*commands, *({"+xrange", "+xdel"} - {lacks}))
    client.execute_command(
        *("ACL", "SETUSER", "publisher", "reset", "on", "nopass"),
        *("resetkeys", "~mini.dev:*", "-@all", *rules),
    )
    wanted = Wanted({"customer": "4"}, {}, None)
    with closing(connect(valkey_server.url.replace("//", "//publisher:any@"))) as theirs:
        if lacks:
            refused = pytest.raises(UnreachableError, match=f"refuses a command: .*{lacks[1:]}")
            with refused, reachable(theirs):
                Streams(theirs, NAMES).erase("shop", wanted)
        else:
            found = Streams(theirs, NAMES).erase("shop", wanted)
            assert found is not None
            assert found.rows_erased == sum(row["customer"] == 4 for row in told)
    client.acl_deluser("publisher")
