"""What `--prune` removes, and why the rest stays."""

from collections.abc import Callable
from typing import Any

import pytest
import redis

from feature_warehouse import NotPublishedError, OnlineStore, UsageError
from feature_warehouse.publishing.materialize import Materialization
from feature_warehouse.publishing.run_plan import Clock
from harness.mini import NAMES, NOW, Mini
from harness.publishers import keys_of, materialize, pairs, pruned, registry_of

DAY_MS = 86_400_000


@pytest.fixture
def work(mini: Mini, client: "redis.Redis") -> Callable[[], Materialization]:
    """A run of the project as it is declared then."""

    def made() -> Materialization:
        return Materialization(registry_of(mini), client, environment="dev", clock=Clock.at(NOW))

    return made


@pytest.fixture
def shop(mini: Mini, client: "redis.Redis") -> Mini:
    """Services ``both`` of two views and ``one`` of one, and a view that no service reads."""
    for view in ("first", "second", "alone"):
        pairs(mini, 2, 1, view)
    mini.service("both", {"view": "first"}, {"view": "second", "prefix": "s_"})
    mini.service("one", {"view": "second"})
    materialize(mini, client)
    return mini


def drop_all(mini: Mini) -> None:
    mini.nodes.clear()


def read(client: "redis.Redis", name: str, days_ago: float = 0.0) -> None:
    """As a reader does, and let time pass."""
    OnlineStore(client, project="mini", environment="dev").get(name, {"id": 1})
    left = client.pttl(NAMES.read_mark(name))
    client.pexpire(NAMES.read_mark(name), int(left - days_ago * DAY_MS))


def reasons(work: Materialization, **options: Any) -> dict[str, str]:
    return {one.name: one.kept for one in work.pruning(**options).undeclared}


def test_what_is_read_and_what_that_needs(
    shop: Mini, client: "redis.Redis", work: Callable[[], Materialization]
) -> None:
    drop_all(shop)
    read(client, "one")
    found = reasons(work())
    assert found.pop("one").startswith("it was read ")
    assert found == {"both": "", "alone": "", "first": "", "second": "one needs it"}
    assert pruned(work()) == ["both", "alone", "first"]
    assert OnlineStore(client).get("one", {"id": 1})["a"] == 1
    assert reasons(work()).keys() == {"one", "second"}
    assert pruned(work(), unread_days=0) == ["one", "second"]
    counters = {f"mini.dev:{view}!run".encode() for view in ("first", "second", "alone")}
    assert {key for key in keys_of(client) if key.startswith(b"mini.dev:")} == counters


@pytest.mark.parametrize(
    ("days_ago", "unread_days", "stays"),
    [(29.9, 30, True), (30.1, 30, False), (2.9, 3, True), (3.1, 3, False), (89, 90, True)],
)
def test_how_long_a_reader_may_be_away(
    days_ago: float,
    unread_days: int,
    stays: bool,
    shop: Mini,
    client: "redis.Redis",
    work: Callable[[], Materialization],
) -> None:
    drop_all(shop)
    read(client, "alone", days_ago)
    assert ("alone" in pruned(work(), unread_days=unread_days)) is not stays


def test_what_is_kept_by_name(shop: Mini, work: Callable[[], Materialization]) -> None:
    drop_all(shop)
    found = reasons(work(), keep=["one"])
    needed = {"one": "--keep names it", "second": "one needs it"}
    assert found == {"both": "", "alone": "", "first": "", **needed}
    with pytest.raises(UsageError, match=r"--keep names on, .*nothing is removed; did you mean 'o"):
        work().pruning(keep=["on", "one"])
    assert pruned(work(), keep=["both", "one", "alone"]) == []
    # Nothing would go: then it does no harm that a name is not there.
    assert pruned(work(), keep=["both", "one", "alone", "on"]) == []


def test_what_is_declared_and_was_not_published_again(
    shop: Mini, work: Callable[[], Materialization]
) -> None:
    """The service in use reads what it read before."""
    shop.drop("first")
    shop.service("both", {"view": "second"}, {"view": "new"})
    pairs(shop, 2, 1, "new")
    assert reasons(work()) == {"first": "both needs it"}


def test_names_that_lead_to_versions(
    mini: Mini, client: "redis.Redis", work: Callable[[], Materialization]
) -> None:
    pairs(mini, 2, 1, "orders.v1")
    mini.service("churn.v1", {"view": "orders.v1"})
    mini.latest = {"churn": 1, "orders": 1}
    materialize(mini, client)
    drop_all(mini)
    read(client, "churn")
    found = reasons(work())
    assert found.pop("churn").startswith("it was read ")
    expected = {"churn.v1": "churn needs it", "orders.v1": "churn.v1 needs it", "orders": ""}
    assert found == expected
    assert pruned(work()) == ["orders"]
    assert OnlineStore(client).get("churn", {"id": 1})["a"] == 1


def test_a_service_whose_description_is_lost_may_need_anything(
    shop: Mini, client: "redis.Redis", work: Callable[[], Materialization]
) -> None:
    """Whoever read it before reads on."""
    drop_all(shop)
    running = OnlineStore(client, project="mini", environment="dev")
    before = running.get("one", {"id": 1}).to_tuple()
    client.delete(NAMES.description("one", running.fingerprint("one")))
    found = reasons(work())
    why = "one has lost its description and may need it"
    assert [found[name] for name in ("both", "alone", "first", "second")] == [why] * 4
    assert pruned(work()) == []
    assert running.get("one", {"id": 1}).to_tuple() == before
    client.delete(NAMES.read_mark("one"))
    assert len(pruned(work())) == 5


def test_marks_that_are_lost_or_strange(
    shop: Mini, client: "redis.Redis", work: Callable[[], Materialization]
) -> None:
    drop_all(shop)
    for name in ("one", "both", "alone"):
        read(client, name)
    client.delete(NAMES.read_mark("one"))
    client.delete(NAMES.read_mark("both"))
    client.rpush(NAMES.read_mark("both"), "x")
    found = reasons(work())
    assert [name for name, why in found.items() if not why] == ["both", "one", "first", "second"]
    assert work().pruning().marked
    client.delete(NAMES.read_mark("alone"))
    assert not work().pruning().marked


def test_who_reads_while_a_person_thinks(
    shop: Mini, client: "redis.Redis", work: Callable[[], Materialization]
) -> None:
    drop_all(shop)
    agreed = work().pruning().doomed
    assert agreed == ["both", "one", "alone", "first", "second"]
    read(client, "one")
    assert list(work().prune(work().pruning(), agreed)) == ["both", "alone", "first"]
    assert list(work().prune(work().pruning(unread_days=0), ["alone"])) == []
    with pytest.raises(NotPublishedError):
        OnlineStore(client).get("both", {"id": 1})
    assert OnlineStore(client).get("one", {"id": 1})["a"] == 1
