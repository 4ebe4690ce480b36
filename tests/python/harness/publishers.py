"""Publishing a Mini project to any kind of server, and what has to be there afterwards."""

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import count
from typing import Any

import pytest

from feature_warehouse import OnlineStore, Status
from feature_warehouse.declarations.model import Registry
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.engines import open_warehouse
from feature_warehouse.engines.profile import Profile, load_profile
from feature_warehouse.publishing.materialize import Materialization
from feature_warehouse.publishing.publish_view import ViewResult
from feature_warehouse.publishing.run_plan import Clock
from feature_warehouse.publishing.services import ServiceResult
from feature_warehouse.publishing.verify import Verification, verify
from feature_warehouse.redis_store import layout
from feature_warehouse.redis_store.connection import is_cluster
from harness.command_line import Fw, in_process
from harness.mini import NAMES, NOW, Columns, Mini
from harness.support import clear_environment

PAIRS: Columns = {"id": "bigint", "ts": "timestamp", "a": "bigint", "b": "text"}
"""A row is torn if ``b`` is not ``a`` as a text."""

Options = dict[str, Any]
Published = tuple[dict[str, ViewResult], list[ServiceResult]]


def profile_of(mini: Mini) -> Profile:
    return load_profile(mini.folder, mini.folder, None)


def registry_of(mini: Mini) -> Registry:
    return read_registry(mini.write(), mini.folder)


def pairs(mini: Mini, entities: int, value: int, name: str = "pairs", **block: Any) -> None:
    """A view of so many entities from 0, whose newest row says ``value``; see ``PAIRS``."""
    mini.view(
        name,
        PAIRS,
        f"select i as id, timestamp '2026-01-01' as ts, {value}::bigint as a, '{value}' as b"
        f" from range({entities}) t(i)",
        **block,
    )


def materialize(
    mini: Mini,
    client: Any,
    clock: Clock | datetime = NOW,
    *,
    profile: Profile | None = None,
    progress: Any = lambda *_: None,
    **options: Any,
) -> Published:
    """A run as the command line makes it."""
    clock = clock if isinstance(clock, Clock) else Clock.at(clock)
    with open_warehouse(profile or profile_of(mini)) as warehouse:
        work = Materialization(registry_of(mini), client, environment="dev", clock=clock, **options)
        results = {result.view: result for result in work.views(warehouse, progress)}
        services = work.services(warehouse)
    return results, services


def pruned(work: Materialization, **options: Any) -> list[str]:
    """What ``--prune --yes`` removes."""
    pruning = work.pruning(**options)
    return list(work.prune(pruning, pruning.doomed))


def in_the_middle(work: Callable[[], object], batch: int = 0) -> Callable[..., None]:
    """Called as ``progress``, does the work once, after the first batch or a later one."""
    batches = count()

    def progress(*_: Any) -> None:
        if next(batches) == batch:
            work()

    return progress


def run_one(mini: Mini, client: Any, clock: Clock | datetime = NOW, **options: Any) -> ViewResult:
    """A run over the only view."""
    [result] = materialize(mini, client, clock, **options)[0].values()
    return result


def verified(mini: Mini, client: Any, **options: Any) -> dict[str, Verification]:
    with open_warehouse(profile_of(mini)) as warehouse:
        found = verify(registry_of(mini), client, NAMES, warehouse, **options)
        return {result.view or result.service: result for result in found}


def assert_equal(mini: Mini, client: Any) -> None:
    """No difference between warehouse and Redis in any view."""
    for result in verified(mini, client).values():
        assert (result.status, result.differences) == ("success", {}), result


def assert_served(store: OnlineStore, entities: int, value: int, name: str = "pairs") -> None:
    """Every entity of ``pairs`` says so."""
    vectors = store.get_many(name, [{"id": number} for number in range(entities)])
    wrong = [
        (number, tuple(vector.values()))
        for number, vector in enumerate(vectors)
        if tuple(vector.values()) != (value, str(value)) or vector.status("a") is not Status.FOUND
    ]
    assert wrong == []


def keys_of(client: Any) -> set[bytes]:
    """All that is in a server or cluster, but for the marks of readers and the publication log."""
    where = {"target_nodes": client.PRIMARIES} if is_cluster(client) else {}
    keys = client.scan_iter(count=10_000, **where)
    logs = (b":!publications", b":!noted")
    return {key for key in keys if b":!read:" not in key and not key.endswith(logs)}


def keys_for(view: str, numbers: Iterable[int], ids: Iterable[int]) -> set[bytes]:
    """All that belongs in a store with one view whose generations are these."""
    ids = list(ids)
    keys = {f"mini.dev:{view}", f"mini.dev:{view}!run", f"mini.dev:{view}!generations"}
    keys |= {"mini.dev!names", layout.STORES}
    for number in numbers:
        keys.add(f"mini.dev:{view}@{number}")
        keys |= {f"mini.dev:{view}@{number}:{{{id_}}}" for id_ in ids}
    return {key.encode() for key in keys}


def pointer_of(client: Any, view: str = "pairs") -> layout.Pointer:
    return layout.read_pointer(client.get(NAMES.pointer(view)), NAMES.pointer(view))


@pytest.fixture
def fw(
    mini: Mini, redis_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Fw:
    """Run the command in this process, in the project's folder."""
    monkeypatch.chdir(mini.folder)
    clear_environment(monkeypatch)
    monkeypatch.setenv("REDIS_URL", redis_url)
    return in_process(monkeypatch, capsys)


def key(number: Any, generation: int = 1, view: str = "pairs") -> str:
    return f"mini.dev:{view}@{generation}:{{{number}}}"
