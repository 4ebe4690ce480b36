"""An entity that is forgotten is nowhere in Redis, and does not come back."""

import json
from typing import Any

import pytest
import redis

from feature_warehouse import EntityError, OnlineStore, Status
from feature_warehouse.engines import open_warehouse
from feature_warehouse.errors import BusyError, RetainedError
from feature_warehouse.publishing.forget import forget
from feature_warehouse.publishing.generations import Generations
from feature_warehouse.publishing.locks import locked
from feature_warehouse.redis_store import layout
from harness.command_line import Fw, one_line
from harness.mini import NAMES, Mini
from harness.publishers import (
    PAIRS,
    Options,
    assert_equal,
    fw,
    key,
    keys_of,
    materialize,
    pairs,
    profile_of,
    registry_of,
)

__all__ = ["fw"]


def composite(mini: Mini) -> None:
    """Views over one, two and other join keys, all with the entity 7."""
    pairs(mini, 20, 1)
    pairs(mini, 20, 1, "alone", join_keys=["id"])
    columns = {"id": "bigint", "shop": "text", "ts": "timestamp", "a": "bigint"}
    mini.view(
        "visits",
        columns,
        "select i as id, s as shop, timestamp '2026-01-01' as ts, i::bigint as a"
        " from range(20) t(i), (values ('x,7'), ('7'), ('é{}')) u(s)",
        join_keys=["id", "shop"],
    )
    mini.view(
        "shops",
        {"shop": "text", "ts": "timestamp", "a": "bigint"},
        "select '7' as shop, timestamp '2026-01-01' as ts, 7::bigint as a",
        join_keys=["shop"],
    )


def erase(mini: Mini, client: Any, **entity: str) -> list[tuple[str, int, int, int]]:
    with open_warehouse(profile_of(mini)) as warehouse:
        found = forget(registry_of(mini), client, NAMES, warehouse, entity).erased
    return [(e.view, e.generation, e.rows_erased, e.left) for e in found]


def delete_seven(mini: Mini) -> None:
    for view in ("pairs", "alone", "visits"):
        mini.execute(f"delete from {view} where id = 7")


def rows_of(client: Any) -> set[bytes]:
    return {name for name in keys_of(client) if b"{" in name}


def test_an_entity_is_erased_everywhere(mini: Mini, client: "redis.Redis") -> None:
    composite(mini)
    materialize(mini, client)
    materialize(mini, client, full_refresh=True)  # the generation before stays for rollback
    before = rows_of(client)
    # A run that was killed before its flip has left rows without a description.
    client.sadd(NAMES.generations("pairs"), 3)
    client.set(key(7, 3), b"half")
    with pytest.raises(RetainedError, match="1 rows in alone, 1 rows in pairs, 3 rows in visits"):
        erase(mini, client, id="7")
    assert rows_of(client) == before | {key(7, 3).encode()}
    delete_seven(mini)
    assert erase(mini, client, id="7") == [
        ("alone", 1, 1, 0),
        ("alone", 2, 1, 0),
        ("pairs", 1, 1, 0),
        ("pairs", 2, 1, 0),
        ("visits", 1, 3, 0),
        ("visits", 2, 3, 0),
    ]
    gone = before - rows_of(client)
    assert len(gone) == 10
    assert all(name.split(b"{", 1)[1].startswith((b"7}", b"7,")) for name in gone)
    assert rows_of(client) < before
    assert_equal(mini, client)
    with OnlineStore(client) as store:
        assert store.get("pairs", {"id": 7}).status("a") is Status.MISSING
        assert store.get("shops", {"shop": "7"}).status("a") is Status.FOUND
        assert Generations(client, NAMES, "pairs").roll_back({}).number == 1
        assert store.get("pairs", {"id": 7}).status("a") is Status.MISSING
        assert store.get("pairs", {"id": 8}).status("a") is Status.FOUND
    full: Options = {"full_refresh": True}
    for options in ({}, full):
        materialize(mini, client, **options)
        assert not any(
            name.split(b"{", 1)[1].startswith(b"7}")
            for name in rows_of(client) - before
            if b":shops@" not in name
        )
        assert_equal(mini, client)


def test_a_part_of_a_composite_key_erases_its_rows_alone(mini: Mini, client: "redis.Redis") -> None:
    composite(mini)
    materialize(mini, client)
    mini.execute("delete from visits where shop = 'x,7' or id = 3 and shop = '7'")
    before = rows_of(client)
    assert erase(mini, client, shop="x,7") == [("shops", 1, 0, 0), ("visits", 1, 20, 0)]
    assert len(before - rows_of(client)) == 20
    assert erase(mini, client, shop="7", id="3") == [("visits", 1, 1, 0)]
    assert len(before - rows_of(client)) == 21
    assert_equal(mini, client)


def test_what_cannot_be_erased(mini: Mini, client: "redis.Redis") -> None:
    composite(mini)
    with pytest.raises(EntityError, match="has the join keys colour; there are id"):
        erase(mini, client, colour="red")
    delete_seven(mini)
    assert erase(mini, client, id="7") == []
    materialize(mini, client)
    with locked(client, NAMES, "pairs", wait=False), pytest.raises(BusyError):
        erase(mini, client, id="7")
    with pytest.raises(
        EntityError, match="entity key 'id' takes a whole number, which 'seven' is not"
    ):
        erase(mini, client, id="seven")


def test_a_first_run_that_was_killed_leaves_nothing_of_the_entity(
    mini: Mini, client: "redis.Redis"
) -> None:
    pairs(mini, 1, 1)
    mini.execute("delete from pairs")
    client.sadd(NAMES.generations("pairs"), 1)
    pointer = NAMES.pointer("pairs")
    client.set(pointer, layout.sealed(layout.Pointer(claim=1), pointer))
    client.set(key(7), b"half")
    assert erase(mini, client, id="7") == []
    assert rows_of(client) == set()


def one_of(mini: Mini, name: str, kind: str, value: str, **block: Any) -> None:
    """A view of one entity, whose id is of some type."""
    columns = {"id": kind, "ts": "timestamp", "a": "bigint"}
    at = "timestamp '2026-01-01' as ts, 1::bigint as a"
    mini.view(name, columns, f"select {value}::{kind} as id, {at}", **block)


def test_a_join_key_of_another_type_is_another_one(mini: Mini, client: "redis.Redis") -> None:
    one_of(mini, "numbers", "bigint", "7")
    one_of(mini, "texts", "text", "'abc'")
    materialize(mini, client)
    # Not published yet, and of another type as well.
    one_of(mini, "days", "date", "'2026-01-01'")
    one_of(mini, "small", "tinyint", "7")
    with pytest.raises(RetainedError, match="1 rows in texts; delete"):
        erase(mini, client, id="abc")
    mini.execute("delete from texts")
    assert erase(mini, client, id="abc") == [("texts", 1, 1, 0)]
    # All digits: an integer, but none that the column of one byte takes, and a text.
    assert erase(mini, client, id="1000") == [("numbers", 1, 0, 0), ("texts", 1, 0, 0)]
    mini.drop("texts")
    client.flushall()
    with pytest.raises(EntityError, match=r"entity key 'id' takes .*, which 'x' is not"):
        erase(mini, client, id="x")


def test_a_type_that_changed_since(mini: Mini, client: "redis.Redis") -> None:
    """What is in Redis is found by the type it was published with."""
    one_of(mini, "v", "text", "'abc'")
    materialize(mini, client)
    one_of(mini, "v", "bigint", "7")
    assert erase(mini, client, id="abc") == [("v", 1, 1, 0)]
    with pytest.raises(RetainedError):
        erase(mini, client, id="7")


def test_a_longer_text_is_another_entity(mini: Mini, client: "redis.Redis") -> None:
    one_of(mini, "v", "varchar(3)", "'abc'")
    materialize(mini, client)
    assert erase(mini, client, id="abcd") == [("v", 1, 0, 0)]


def test_what_is_not_online_is_let_be(mini: Mini, client: "redis.Redis") -> None:
    one_of(mini, "on_line", "bigint", "7")
    one_of(mini, "off_line", "bigint", "7", online=False)
    materialize(mini, client)
    mini.execute("delete from on_line")
    with locked(client, NAMES, "off_line", wait=False):
        assert erase(mini, client, id="7") == [("on_line", 1, 1, 0)]
    # Once it was online: readers still get what was published.
    one_of(mini, "off_line", "bigint", "7")
    materialize(mini, client)
    one_of(mini, "off_line", "bigint", "7", online=False)
    with pytest.raises(RetainedError, match="1 rows in off_line"):
        erase(mini, client, id="7")
    mini.execute("delete from off_line")
    assert ("off_line", 1, 1, 0) in erase(mini, client, id="7")
    mini.drop("on_line")
    client.flushall()
    with pytest.raises(EntityError, match="no online feature view has the join keys id"):
        erase(mini, client, id="7")


def test_forget_on_the_command_line(fw: Fw, mini: Mini, client: "redis.Redis") -> None:
    composite(mini)
    materialize(mini, client)
    one_line(fw("forget", "id=7"), 1, "the warehouse still holds", "nothing was erased")
    one_line(fw("forget", "colour=red"), 2, "no online feature view has the join keys colour")
    one_line(fw("forget", "id"), 2)
    one_line(fw("forget", "id=x"), 2, "entity key 'id' takes a whole number, which 'x' is not")
    delete_seven(mini)
    with locked(client, NAMES, "pairs", wait=False):
        one_line(fw("forget", "id=7"), 4, "another run is publishing 'pairs'")
    code, out, err = fw("forget", "id=7", "--json")
    assert (code, err) == (0, "")
    erased = json.loads(out)["erased"]
    assert [(e["view"], e["left"]) for e in erased] == [("alone", 0), ("pairs", 0), ("visits", 0)]
    code, out, _ = fw("forget", "id=7")
    assert (code, out.splitlines()[0]) == (0, "alone, generation 1: 0 rows erased, 0 left")


def test_an_entity_that_never_was_is_said_to_be_none(
    fw: Fw, mini: Mini, client: "redis.Redis"
) -> None:
    pairs(mini, 3, 1)
    materialize(mini, client)
    mini.execute("delete from pairs where id = 1")
    nothing = "Redis has no row of this entity: nothing was erased"
    code, out, err = fw("forget", "id=777")
    assert (code, err) == (0, "")
    assert nothing in out
    code, out, err = fw("forget", "id=1")
    assert (code, err) == (0, "")
    assert out.startswith("pairs, generation 1: 1 rows erased, 0 left\n")
    assert nothing not in out


def test_what_is_not_built_yet_stops_nothing(fw: Fw, mini: Mini, client: "redis.Redis") -> None:
    """A view that was never published has nothing to erase; one that was has to be asked again."""
    pairs(mini, 3, 1)
    pairs(mini, 3, 1, "other")
    materialize(mini, client)
    mini.execute("delete from pairs where id = 1")
    mini.view("planned", PAIRS)
    mini.write()
    code, out, err = fw("forget", "id=1", "--json")
    assert code == 1, (out, err)  # the other one still holds it
    mini.execute("delete from other where id = 1")
    code, out, err = fw("forget", "id=1", "--json")
    assert (code, err.count("\n")) == (0, 1)
    assert err.startswith(
        "feature-warehouse: whether 'planned' still holds the entity is not known: feature view"
        " 'planned' is not in the warehouse as declared"
    )
    assert not [name for name in rows_of(client) if name.endswith(b"{1}")]
    assert [*json.loads(out)["not_asked"]] == ["planned"]
    mini.execute("drop table other")
    code, out, err = fw("forget", "id=2")
    assert code == 1  # nothing is erased while one view holds it
    mini.execute("delete from pairs where id = 2")
    code, out, err = fw("forget", "id=2")
    assert (code, err.count("\n")) == (2, 2)
    assert "run `dbt build`, then forget again (what Redis had is erased)" in err.splitlines()[0]
    assert "other, generation 1: 1 rows erased, 0 left" in out
    assert not [name for name in rows_of(client) if name.endswith(b"{2}")]
    # verify says likewise what it could not do, and does the rest.
    code, out, err = fw("verify", "--json")
    found = {one["view"]: one["status"] for one in json.loads(out)["results"]}
    assert found == {"pairs": "success", "planned": "skipped", "other": "error"}
    assert (code, err.count("\n")) == (2, 1)
    assert "'other' is not in the warehouse as declared" in err


def test_what_forget_does_not_reach_is_listed(fw: Fw, mini: Mini, client: "redis.Redis") -> None:
    """Every model that stores what it read of the entity's views, and of no other."""
    pairs(mini, 3, 1)
    pairs(mini, 3, 1, "shops", join_keys=["a"])
    mini.service("risk", {"view": "pairs"})
    mini.service("sales", {"view": "shops"})
    for macro in ("dataset_card", "late_data_cost", "stale_data_cost"):
        mini.model(macro, macro, "risk_training", macro=macro)
    mini.model("catalog", "catalog", "statistics", macro="feature_catalog")
    mini.model("best", "best", "risk_training", macro="scoring_set")
    mini.model("scores", "scores", "risk_training", materialized="incremental")
    mini.model("peek", "peek", "pairs", materialized="view")
    mini.model("statistics", "statistics", "peek")
    mini.model("unrelated", "unrelated", "shops")
    materialize(mini, client)
    mini.execute("delete from pairs where id = 1")
    code, out, err = fw("forget", "id=1", "--json")
    assert (code, err) == (0, "")
    not_reached = json.loads(out)["not_reached"]
    models = ["best", "risk_training", "scores", "statistics"]
    assert not_reached["models"] == models
    code, out, _ = fw("forget", "id=1")
    for place in (*(f"model {model}," for model in models), *not_reached["elsewhere"]):
        assert f"- {place}" in out
    for place in ("training-set export", "validation and drift pages", "backups"):
        assert place in out


def test_a_row_that_is_still_there_is_no_success(
    fw: Fw, mini: Mini, client: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one that another program writes again at once."""
    pairs(mini, 20, 1)
    materialize(mini, client)
    mini.execute("delete from pairs where id = 7")
    monkeypatch.setattr("feature_warehouse.redis_store.cluster.unlink", lambda *_: 1)
    code, out, _ = fw("forget", "id=7")
    assert (code, "1 rows erased, 1 left" in out) == (1, True)
