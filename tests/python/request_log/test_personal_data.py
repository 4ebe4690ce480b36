"""Columns that are flagged ``pii`` are left out of the log, or hashed; nothing else is changed."""

import hashlib
import hmac
from decimal import Decimal
from typing import Any

import pytest

from feature_warehouse import RequestLog, UsageError
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.dev.servers import Valkey
from harness.mini import Mini
from request_log.shop import EMAIL, PAIRS, START, STREAM, entity, logged, opened, put_shop, put_view

KEY = b"0123456789abcdef"
FLAGGED = ("customer", "email", "factor")
EXACT = Decimal("123456789012345678901234567890123456.78")


def digest(text: bytes) -> str:
    return hmac.new(KEY, text, hashlib.sha256).hexdigest()[:32]


@pytest.fixture
def url(valkey_server: Valkey, client: Any) -> str:
    put_shop(client, pii=FLAGGED)
    return valkey_server.url


def everything(client: Any) -> bytes:
    """All bytes that the log has in Redis."""
    found = [client.get(key) for key in client.keys(f"{STREAM}@*".replace("{", "\\{"))]
    found += [value for _, fields in client.xrange(STREAM) for value in fields.values()]
    assert len(found) == 2
    return b"\n".join(found)


def test_what_is_flagged_is_left_out(url: str, client: Any) -> None:
    with opened(url, RequestLog()) as store:
        vector = store.get("shop", entity(4, factor=77.0))
    assert vector["email"] == f"4.{EMAIL}"
    assert EMAIL.encode() not in everything(client)
    [row] = logged(client)
    # What is computed from such a column tells of it.
    assert {"email", "factor", "scaled", "sent_to"}.isdisjoint(row)
    assert row["customer"] is None
    kept = ("place", "count", "note", "price", "pair_tags", "limit", "most")
    assert [row[name] for name in kept] == [
        "x,y%", 4, "n4", Decimal("4.50"), ["a", None], EXACT, EXACT,
    ]  # fmt: skip
    assert row["orders_status"] == row["pairs_status"] == "found"


@pytest.mark.parametrize("key", [None, KEY])
def test_times_that_are_flagged_are_left_out(
    valkey_server: Valkey, client: Any, key: bytes | None
) -> None:
    put_shop(client, pii=("ordered_at", "order_age"))
    with opened(valkey_server.url, RequestLog(pii_key=key)) as store:
        vector = store.get("shop", entity(4))
    assert {"ordered_at", "order_age"} <= vector.keys()
    [row] = logged(client)
    assert {"ordered_at", "order_age"}.isdisjoint(row)
    assert (row["count"], row["scaled"], row["orders_status"]) == (4, 1.5, "found")


def test_what_is_flagged_is_hashed_with_a_key(url: str, client: Any) -> None:
    with opened(url, RequestLog(pii_key=KEY)) as store:
        store.get_many("shop", [entity(4), entity(4, None), entity(15), entity(1000)])
    assert EMAIL.encode() not in everything(client)
    rows = logged(client)
    ids, mails = (digest(text) for text in (b"4", f"4.{EMAIL}".encode()))
    assert [row["customer"] for row in rows] == [ids, ids, digest(b"15"), digest(b"1000")]
    assert [row["email"] for row in rows] == [mails, mails, None, None]
    assert [row["place"] for row in rows] == ["x,y%", None, "x,y%", "x,y%"]
    assert {"scaled", "sent_to"}.isdisjoint(rows[0])
    assert [row["count"] for row in rows] == [4, 4, 0, 0]
    assert len({row["factor"] for row in rows}) == 1
    assert all(len(row["factor"]) == 32 for row in rows)


def test_an_on_demand_feature_that_is_flagged_is_left_out(
    valkey_server: Valkey, client: Any
) -> None:
    put_shop(client, pii=("scaled",))
    with opened(valkey_server.url, RequestLog(pii_key=KEY)) as store:
        assert store.get("shop", entity(4, factor=77.0))["scaled"] is not None
    [row] = logged(client)
    assert "scaled" not in row
    assert row["factor"] == 77.0


def test_other_columns_of_a_view_are_not_logged(url: str, client: Any) -> None:
    """A row has all features of its view, of which the service does not take all."""
    key = (2, "x,y%")
    rows = {key: (START, None, 1, [["a"], 1, "a secret of another service", 0.5])}
    put_view(client, "pairs", {"id": "int", "place": "string"}, PAIRS, rows)
    with opened(url, RequestLog()) as store:
        assert store.get("shop", entity(2))["pair_tags"] == ["a"]
    assert b"secret" not in everything(client)


@pytest.mark.parametrize("key", [b"", b"short"])
def test_a_key_that_is_too_short_is_refused(key: bytes) -> None:
    with pytest.raises(UsageError, match="a secret of 16 bytes or more"):
        RequestLog(pii_key=key)


def test_what_is_declared_reaches_the_service(mini: Mini) -> None:
    flagged: Any = {"data_type": "text", "config": {"meta": {"pii": True}}}
    columns = {"id": flagged, "ts": "timestamp", "mail": flagged, "score": "double precision"}
    mini.view("people", columns)
    mini.view("scores", {"id": "text", "ts": "timestamp", "score": "double precision"})
    mini.service("risk", {"view": "people", "prefix": "p_"}, {"view": "scores"})
    services = read_registry(mini.write()).services
    assert services["risk"].pii == ("id", "p_mail")
    [node] = [one for one in mini.nodes.values() if one["name"].startswith("risk")]
    node["columns"] = {"score": {"name": "score", "config": {"meta": {"pii": True}}}}
    services = read_registry(mini.write()).services
    assert services["risk"].pii == ("id", "p_mail", "score")
