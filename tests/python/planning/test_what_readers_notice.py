"""Random edits of a project, planned, published, and read by who knows the old fingerprints.

What a plan calls safe leaves every read as it was; what breaks one is called breaking.
"""

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import redis

from feature_warehouse import FeatureWarehouseError, OnlineStore
from feature_warehouse.engines import open_warehouse
from feature_warehouse.planning.changes import Plan, Severity
from feature_warehouse.planning.compare import compare
from feature_warehouse.planning.project import Project
from feature_warehouse.publishing.materialize import Materialization
from feature_warehouse.publishing.run_plan import Clock
from harness.mini import NOW, Mini
from harness.publishers import profile_of, pruned, registry_of
from planning.shop import EDITS, ENTITIES, Shop, declare, random_shop

Answers = Mapping[Any, Mapping[str, tuple[str, str]]]
"""By entity and feature: the value, with its type, and the status."""


class Reader(NamedTuple):
    """Somebody who reads a name, and what he got before the change."""

    kind: Any
    name: str
    expect: str | None
    answers: Answers


def _publish(mini: Mini, client: "redis.Redis") -> None:
    """As a schedule would, with ``--prune``: twice, for names are freed by a prune."""
    for _ in range(2):
        with open_warehouse(profile_of(mini)) as warehouse:
            work = Materialization(
                registry_of(mini), client, environment="dev", clock=Clock.at(NOW)
            )
            for result in work.views(warehouse, lambda *_: None):
                assert result.status == "success", result
            for service in work.services(warehouse):
                assert service.status != "error", service
            pruned(work)


def _answers(
    client: "redis.Redis", name: str, expect: str | None, entities: Iterable[Any]
) -> Answers:
    store = OnlineStore(client, project="mini", environment="dev", mark_reads=False)
    found = {}
    for entity in entities:
        vector = store.get(name, {"id": entity}, expect=expect)
        found[entity] = {
            feature: (repr(value), str(vector.status(feature))) for feature, value in vector.items()
        }
    return found


def _readers(mini: Mini, client: "redis.Redis") -> list[Reader]:
    """Of every service by every name, with its fingerprint, and of every view without."""
    registry = registry_of(mini)
    store = OnlineStore(client, project="mini", environment="dev", mark_reads=False)
    key_types = {key.data_type for view in registry.views.values() for key in view.join_keys}
    entities = [str(one) if key_types == {"text"} else one for one in ENTITIES]
    found = []
    for name in [*registry.services, *registry.views, *registry.served_names]:
        full = registry.latest.get(name, name)
        service, view = registry.services.get(full), registry.views.get(full)
        if service and all(part.view.online for part in service.parts):
            expect = store.fingerprint(name)
            assert expect == service.fingerprint
            found.append(Reader("service", name, expect, _answers(client, name, expect, entities)))
        elif view and view.online:
            found.append(Reader("feature view", name, None, _answers(client, name, None, entities)))
    return found


def _outcome(client: "redis.Redis", reader: Reader) -> str:
    """What becomes of a reader: unchanged, changed, or broken."""
    try:
        now = _answers(client, reader.name, reader.expect, reader.answers)
    except FeatureWarehouseError:
        return "broken"
    if any(before.keys() - now[entity].keys() for entity, before in reader.answers.items()):
        return "broken"
    return "unchanged" if now == reader.answers else "changed"


def _planned(plan: Plan, reader: Reader, latest: Mapping[str, str]) -> Severity:
    """What changes of a version is told under its full name alone, if the name still means that."""
    change = plan.of(reader.kind, reader.name)
    change = change or plan.of(reader.kind, latest.get(reader.name, reader.name))
    return change.severity if change else Severity.SAFE


def _edited(rng: random.Random, shop: Shop) -> list[str]:
    edits = [rng.choice(EDITS) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
    for edit in edits:
        edit(rng, shop)
    return [edit.__name__ for edit in edits]


def _check(seed: int, folder: Path, client: "redis.Redis") -> Counter[tuple[Severity, str]]:
    """One project and one change of it; how often a severity met an outcome."""
    rng = random.Random(seed)
    shop, mini = random_shop(rng), Mini(folder)
    for _ in range(rng.randint(0, 2)):
        _edited(rng, shop)
    client.flushall()
    declare(mini, shop)
    _publish(mini, client)
    readers = _readers(mini, client)
    latest = registry_of(mini).latest
    old = folder / "old.json"
    old.write_bytes(mini.write().read_bytes())
    edits = _edited(rng, shop)
    declare(mini, shop)
    plan = compare(Project(old), Project(mini.write()))
    _publish(mini, client)
    met: Counter[tuple[Severity, str]] = Counter()
    for reader in readers:
        planned, outcome = _planned(plan, reader, latest), _outcome(client, reader)
        story = f"seed {seed}: after {edits} {reader.name} is {outcome}, planned as {planned}"
        assert outcome != "broken" or planned is Severity.BREAKING, story
        assert outcome == "unchanged" or planned is not Severity.SAFE, story
        met[planned, outcome] += 1
    return met


@pytest.mark.parametrize(
    "seeds", [range(24), pytest.param(range(24, 2_000), marks=pytest.mark.long)]
)
def test_no_reader_is_surprised(seeds: range, tmp_path: Path, client: "redis.Redis") -> None:
    met: Counter[tuple[Severity, str]] = Counter()
    for seed in seeds:
        met += _check(seed, tmp_path / str(seed), client)
    # All three are at stake, and not for want of changes.
    for severity, outcome in (
        ("safe", "unchanged"),
        ("republish", "changed"),
        ("breaking", "broken"),
    ):
        assert met[Severity(severity), outcome] >= len(seeds) // 4, met
