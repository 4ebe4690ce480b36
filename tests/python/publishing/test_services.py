"""Services over views that change, fail or are left out of a run."""

from collections.abc import Callable
from decimal import Decimal

import pytest
import redis

from feature_warehouse import FingerprintError, OnlineStore, UsageError
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.engines import open_warehouse
from feature_warehouse.publishing.generations import Generations
from feature_warehouse.publishing.materialize import Materialization
from feature_warehouse.publishing.publish_view import ViewResult
from feature_warehouse.publishing.run_plan import Clock
from harness.mini import NAMES, NOW, SCORES, Mini, simple
from harness.publishers import profile_of

Publish = Callable[..., dict[str, ViewResult]]


def two_views(mini: Mini) -> None:
    """A service ``risk`` over ``scores`` and ``b``, which say 1.0."""
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    mini.view("b", SCORES, "select 1 as id, timestamp '2026-01-01' as ts, 1.0::double as score")
    mini.service("risk", {"view": "scores"}, {"view": "b", "prefix": "b_"})


def retyped(mini: Mini) -> None:
    """``scores`` with text."""
    mini.view(
        "scores",
        {**SCORES, "score": "text"},
        "select 1 as id, timestamp '2026-01-01' as ts, 'high' as score",
    )


def test_a_service_never_serves_another_type_than_it_was_published_with(
    mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    two_views(mini)
    publish()
    expected = store.fingerprint("risk")
    retyped(mini)
    mini.execute("alter table b drop score")
    results = publish()
    assert (results["b"].exit_code, results["scores"].mode) == (2, "full")
    # b is in service as it is declared, so the service goes on with scores as it is now.
    assert dict(store.get("risk", {"id": 1})) == {"score": "high", "b_score": 1.0}
    with pytest.raises(FingerprintError, match="its features changed since the model was trained"):
        store.get("risk", {"id": 1}, expect=expected)


def test_a_selected_run_does_not_publish_a_service_against_what_is_not_there(
    mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    two_views(mini)
    publish()
    columns = {**SCORES, "score": "decimal(8,2)", "more": "text"}
    query = "select 1 as id, timestamp '2026-01-01' as ts, 7.5 as score, 'x' as more"
    mini.view("b", columns, query)
    publish(selected={"model.mini.scores"})
    assert dict(store.get("risk", {"id": 1})) == {"score": 1.0, "b_score": 1.0}
    publish(selected={"model.mini.b"})
    changed = {"score": 1.0, "b_score": 7.5, "b_more": "x"}
    assert dict(store.get("risk", {"id": 1})) == changed


def test_an_open_reader_sees_that_a_feature_is_stored_otherwise(
    mini: Mini, publish: Publish, store: OnlineStore, client: "redis.Redis"
) -> None:
    """The declared types, and so the fingerprint, stay; what the warehouse delivers does not."""
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    mini.service("risk", {"view": "scores"})
    publish()
    assert dict(store.get("risk", {"id": 1})) == {"score": 1.0}
    before = store.fingerprint("risk")
    mini.execute("alter table scores alter score type decimal(8,2)")
    mini.execute("update scores set score = 7.5")
    publish(rollback_grace=0)
    publish(rollback_grace=0)
    for reader in (store, OnlineStore(client)):
        served = reader.get("risk", {"id": 1}, expect=before)["score"]
        assert (served, type(served)) == (Decimal("7.50"), Decimal)


def test_why_a_service_was_left_out_is_said_of_one_view_or_several(
    mini: Mini, publish: Publish, client: "redis.Redis"
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    for view in ("b", "c"):
        mini.view(view, SCORES)  # declared, and not built
    parts = [{"view": view, "prefix": view} for view in ("scores", "b", "c")]
    mini.service("one", *parts[:2])
    mini.service("two", *parts)
    publish()
    registry = read_registry(mini.write(), mini.folder)
    work = Materialization(registry, client, environment="dev", clock=Clock.at(NOW))
    with open_warehouse(profile_of(mini)) as warehouse:
        results = work.services(warehouse)
    assert {service.service: service.message for service in results} == {
        "one": "not served: b is not published yet",
        "two": "not served: b and c are not published yet",
    }


def test_a_view_that_was_a_service(mini: Mini, publish: Publish, client: "redis.Redis") -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    mini.service("risk", {"view": "scores"})
    publish()
    with pytest.raises(UsageError, match="'risk' is a service; name one of its views"):
        Generations(client, NAMES, "risk").roll_back({})
    mini.drop("risk_training")
    mini.view("risk", SCORES, "select 1 as id, timestamp '2026-01-01' as ts, 1.0::double as score")
    results = publish()
    assert (results["risk"].exit_code, results["scores"].status) == (2, "success")
    assert "a service 'risk' is in use" in results["risk"].message


def test_a_service_stays_with_the_generation_that_fits_as_long_as_it_takes(
    mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    """Another of its views cannot be published as it is declared now."""
    two_views(mini)
    publish()
    expected = store.fingerprint("risk")
    retyped(mini)
    mini.view("b", {**SCORES, "more": "text"})  # declared, and not built
    for options in ({}, {"rollback_grace": 0}, {"full_refresh": True, "rollback_grace": 0}):
        results = publish(**options)
        assert (results["b"].exit_code, results["scores"].status) == (2, "success")
        vector = store.get("risk", {"id": 1}, expect=expected)
        assert dict(vector) == {"score": 1.0, "b_score": 1.0}
        assert store.get("scores", {"id": 1})["score"] == "high"
    mini.execute("alter table b add column more text")
    publish(rollback_grace=0)
    assert dict(store.get("risk", {"id": 1})) == {
        "score": "high",
        "b_score": 1.0,
        "b_more": None,
    }


def test_a_service_whose_views_disagree_on_a_key_is_refused(
    mini: Mini, publish: Publish, client: "redis.Redis"
) -> None:
    """What is declared agrees; what the warehouse has does not."""
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    mini.view(
        "notes",
        {"id": "bigint", "ts": "timestamp", "note": "text"},
        "select '1' as id, timestamp '2026-01-01' as ts, 'x' as note",
    )
    mini.service("risk", {"view": "scores"}, {"view": "notes"})
    publish()
    registry = read_registry(mini.write(), mini.folder)
    work = Materialization(registry, client, environment="dev", clock=Clock.at(NOW))
    with open_warehouse(profile_of(mini)) as warehouse:
        [result] = work.services(warehouse)
    assert (result.status, result.exit_code) == ("error", 2)
    assert "entity key 'id' is int for 'scores' and string for 'notes'" in result.message
    assert client.get(NAMES.pointer("risk")) is None
