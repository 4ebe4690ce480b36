"""Versions in Redis: old and new ones served at once, and no model meets another's features."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import redis
from redis.connection import AbstractConnection

from feature_warehouse import FingerprintError, NotPublishedError, OnlineStore
from feature_warehouse.engines import open_warehouse
from feature_warehouse.publishing.generations import Generations
from feature_warehouse.publishing.materialize import Materialization
from feature_warehouse.publishing.run_plan import Clock
from feature_warehouse.publishing.services import ServiceResult, Services
from harness.mini import NAMES, NOW, SCORES, Mini
from harness.publishers import profile_of, pruned, registry_of

ONE = {"id": 1}
DAY_MS = 86_400_000

Run = Callable[..., list[ServiceResult]]


@pytest.fixture
def run(mini: Mini, client: "redis.Redis") -> Run:
    """A run of `materialize`; what became of services. AssertionError if a view fails."""

    def go(*, prune: bool = False) -> list[ServiceResult]:
        with open_warehouse(profile_of(mini)) as warehouse:
            work = _work(mini, client)
            for result in work.views(warehouse, lambda *_: None):
                assert result.status == "success", result
            services = work.services(warehouse)
            if prune:
                pruned(work)
        return services

    return go


def _work(mini: Mini, client: "redis.Redis") -> Materialization:
    return Materialization(registry_of(mini), client, environment="dev", clock=Clock.at(NOW))


def score(mini: Mini, name: str, value: float, **block: Any) -> None:
    """A view of one entity."""
    query = f"select 1 as id, timestamp '2026-01-01' as ts, {value}::double as score"
    mini.view(name, SCORES, query, **block)


def unversioned(mini: Mini) -> None:
    """A service ``churn`` over ``orders``, which says 1.0."""
    score(mini, "orders", 1.0)
    mini.service("churn", {"view": "orders"})


def versioned(mini: Mini, latest: int = 2) -> None:
    """The same with a second version of both, which says 2.0."""
    mini.drop("orders")
    mini.drop("churn_training")
    for version in (1, 2):
        score(mini, f"orders.v{version}", float(version))
    mini.service("churn.v1", {"view": "orders.v1"})
    mini.service("churn.v2", {"view": "orders.v2"})
    mini.latest = {"orders": latest, "churn": latest}


def value(store: OnlineStore, name: str, **options: Any) -> Any:
    return store.get(name, ONE, **options)["score"]


def forget_reads(client: "redis.Redis") -> None:
    """As if nobody had read anything."""
    for mark in client.scan_iter("*:!read:*"):
        client.delete(mark)


def keys(client: "redis.Redis", name: str) -> set[str]:
    """The keys of a name, without its counter of runs and its versions."""
    found = {key.decode() for key in client.scan_iter(f"{NAMES.store}:{name}*")}
    own = f"{NAMES.store}:{name}"
    return {key for key in found if not key.startswith(f"{own}.v") and not key.endswith("!run")}


def test_a_deployed_model_keeps_its_features_when_a_version_is_added(
    mini: Mini, client: "redis.Redis", run: Run, store: OnlineStore
) -> None:
    unversioned(mini)
    run()
    first = store.fingerprint("churn")
    versioned(mini)
    run(prune=True)
    assert value(store, "churn.v1", expect=first) == 1.0
    second = store.fingerprint("churn.v2")
    assert second != first
    assert value(store, "churn.v2", expect=second) == value(store, "churn", expect=second) == 2.0
    with pytest.raises(FingerprintError):
        value(store, "churn", expect=first)
    names = {"orders": 2.0, "orders.v1": 1.0, "orders.v2": 2.0}
    assert {name: value(store, name) for name in names} == names
    # Of the view without versions there is nothing left but the name.
    assert len(keys(client, "orders")) == 2
    assert _work(mini, client).undeclared() == []


def test_a_version_that_is_gone_from_the_project_is_served_as_long_as_it_is_read(
    mini: Mini, client: "redis.Redis", run: Run, store: OnlineStore
) -> None:
    unversioned(mini)
    run()
    first = store.fingerprint("churn")
    versioned(mini)
    run(prune=True)
    assert value(store, "churn.v1", expect=first) == 1.0
    mini.drop("orders.v1")
    mini.drop("churn_training.v1")
    run(prune=True)
    fresh = OnlineStore(client, project="mini", environment="dev", mark_reads=False)
    assert value(fresh, "churn.v1", expect=first) == 1.0
    assert value(store, "churn.v2") == 2.0
    # The last of those 30 days, and the day after.
    mark = NAMES.read_mark("churn.v1")
    client.pexpire(mark, 61 * DAY_MS)
    run(prune=True)
    assert value(fresh, "churn.v1", expect=first) == 1.0
    client.pexpire(mark, 60 * DAY_MS)
    run(prune=True)
    with pytest.raises(NotPublishedError):
        value(fresh, "churn.v1")
    assert value(store, "churn.v2") == 2.0
    assert _work(mini, client).undeclared() == []


def test_each_version_is_published_once(mini: Mini, client: "redis.Redis", run: Run) -> None:
    unversioned(mini)
    versioned(mini)
    mini.service("other", {"view": "orders"}, {"view": "orders.v2", "prefix": "again_"})
    run()
    rows = {key.decode() for key in client.scan_iter("*:{*")}
    assert rows == {f"{NAMES.store}:orders.v{version}@1:{{1}}" for version in (1, 2)}


def test_the_latest_is_what_dbt_says_it_is(mini: Mini, run: Run, store: OnlineStore) -> None:
    unversioned(mini)
    versioned(mini, latest=1)
    run()
    known = store.fingerprint("churn")
    assert value(store, "churn", expect=known) == value(store, "orders") == 1.0
    mini.latest = {"orders": 2, "churn": 2}
    run()
    assert value(store, "churn") == value(store, "orders") == 2.0
    assert value(store, "churn.v1", expect=known) == 1.0


def test_a_view_without_versions_stays_while_a_service_reads_it(
    mini: Mini, client: "redis.Redis", run: Run, store: OnlineStore
) -> None:
    unversioned(mini)
    mini.service("old", {"view": "orders"})
    run()
    versioned(mini)
    mini.drop("old_training")
    results = {result.service: result for result in run()}
    assert results["orders"].message == "not changed: old still read it as it was before"
    assert (value(store, "old"), value(store, "orders"), value(store, "churn")) == (1.0, 1.0, 2.0)
    # While somebody reads the old service it stays, and with it the view.
    run(prune=True)
    run()
    assert (value(store, "old"), value(store, "orders")) == (1.0, 1.0)
    forget_reads(client)
    run(prune=True)
    run()
    assert value(store, "orders") == 2.0
    with pytest.raises(NotPublishedError):
        value(store, "old")


def test_versions_that_go_again_leave_one_view(
    mini: Mini, client: "redis.Redis", run: Run, store: OnlineStore
) -> None:
    unversioned(mini)
    versioned(mini)
    run()
    assert value(store, "orders") == 2.0
    for name in ("orders.v1", "orders.v2", "churn_training.v1", "churn_training.v2"):
        mini.drop(name)
    mini.latest = {}
    score(mini, "orders", 3.0)
    mini.service("churn", {"view": "orders"})
    run(prune=True)
    assert value(store, "orders") == value(store, "churn") == 3.0
    with pytest.raises(NotPublishedError):
        value(store, "orders.v2")
    generation = f"{NAMES.store}:orders@1"
    assert {generation, f"{generation}:{{1}}"} <= keys(client, "orders")
    assert len(keys(client, "orders")) == 4  # and the pointer, and the set of generations


def test_the_latest_view_is_rolled_back_by_its_name(
    mini: Mini, client: "redis.Redis", run: Run, store: OnlineStore
) -> None:
    unversioned(mini)
    versioned(mini)
    run()
    score(mini, "orders.v2", 2.5, ttl="1 day")
    run()
    assert value(store, "churn") == 2.5
    services = Services(client, NAMES)
    assert services.meant_by("orders") == "orders.v2"
    assert services.meant_by("orders.v1") == "orders.v1"
    Generations(client, NAMES, "orders.v2").roll_back(services.parts("orders.v2"))
    assert (value(store, "churn"), value(store, "orders")) == (2.0, 2.0)


def test_a_version_that_is_not_published_leaves_the_one_before(
    mini: Mini, run: Run, store: OnlineStore
) -> None:
    unversioned(mini)
    versioned(mini, latest=1)
    run()
    score(mini, "orders.v3", 3.0, online=False)
    mini.service("churn.v3", {"view": "orders.v3"}, {"view": "orders.v1", "prefix": "old_"})
    mini.latest = {"orders": 1, "churn": 3}
    results = {result.service: result for result in run()}
    assert results["churn.v3"].status == results["churn"].status == "skipped"
    assert results["churn"].message == "not served: churn.v3 is not published yet"
    assert value(store, "churn") == 1.0


class KilledError(BaseException):
    """Nothing is sent any more."""


@pytest.fixture
def kill(monkeypatch: pytest.MonkeyPatch) -> Callable[[Run, int], bool]:
    """Begin a run that sends so many commands and no more; whether it needed more."""
    send: Any = AbstractConnection.send_packed_command

    def begin(run: Run, commands: int) -> bool:
        left = commands

        def limited(self: Any, *arguments: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise KilledError
            return send(self, *arguments, **named)

        with monkeypatch.context() as patch:
            patch.setattr(AbstractConnection, "send_packed_command", limited)
            try:
                run(prune=True)
            except KilledError:
                return True
        return False

    return begin


@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.long)])
def test_no_model_meets_another_version_wherever_a_run_is_killed(
    mini: Mini, client: "redis.Redis", run: Run, kill: Callable[[Run, int], bool], step: int
) -> None:
    """At every command (of some) that a run sends while a view gets versions, and afterwards."""
    unversioned(mini)
    run()
    first = OnlineStore(client).fingerprint("churn")
    before = _dumped(client)
    versioned(mini)
    run(prune=True)
    wanted = _names(client)
    commands = 0
    _restore(client, before)
    while kill(run, commands):
        _assert_served_truly(client, first)
        if commands % 3 == 0:
            client.delete(*map(NAMES.lock, ("orders", "orders.v1", "orders.v2")))
            run(prune=True)
            run(prune=True)
            _assert_served_truly(client, first)
            assert _names(client) == wanted
        _restore(client, before)
        commands += step
    assert commands > 60
    assert _names(client) == wanted


def _assert_served_truly(client: "redis.Redis", first: str) -> None:
    store = OnlineStore(client, project="mini", environment="dev", mark_reads=False)
    is_first = store.fingerprint("churn") == first
    assert value(store, "churn") == (1.0 if is_first else 2.0)
    assert value(store, "orders") in (1.0, 2.0)
    if client.exists(NAMES.pointer("churn.v1")):
        assert value(store, "churn.v1", expect=first) == 1.0
    assert is_first or value(store, "churn.v1", expect=first) == 1.0


def _dumped(client: "redis.Redis") -> dict[bytes, Any]:
    return {key: client.dump(key) for key in client.scan_iter()}


def _restore(client: "redis.Redis", dumps: dict[bytes, bytes]) -> None:
    client.flushall()
    for key, dump in dumps.items():
        client.restore(key, 0, dump)


def _names(client: "redis.Redis") -> set[bytes]:
    """All keys, whatever the numbers of generations are."""
    counted = {re.sub(rb"@[0-9]{1,3}\b", b"@", key) for key in client.scan_iter()}
    return {key for key in counted if not key.endswith(b"!lock")}
