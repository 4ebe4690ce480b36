"""A training set that grows gets each label row once, and ends as if it had been built once."""

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from conftest import ServerOf
from harness.engines import ENGINES, Engine
from harness.forks import NOWHERE, forks
from harness.host import Host, compiled
from harness.redis_servers import eventually
from harness.support import dbt_environment
from training_sets.growing import (
    GROWING,
    RAW,
    Label,
    Load,
    create,
    insert,
    loads,
    texts,
    training_rows,
    write_growing,
)

FUTURE = Label(8, 1, datetime(2999, 1, 1), None)
RECENT = "cast(current_timestamp at time zone 'UTC' as timestamp) - interval '1 day'"


@pytest.fixture(scope="module", params=ENGINES)
def host(
    request: pytest.FixtureRequest, server_of: ServerOf, tmp_path_factory: pytest.TempPathFactory
) -> Host:
    """All that grows is built without labels; then its SQL for new ones is compiled."""
    folder = tmp_path_factory.mktemp("growing sets") / f"growing_{request.param}"
    made = Host(write_growing(folder), request.param, server_of(request.param))
    create(made)
    made.dbt("run")
    made.dbt("--quiet", "--warn-error", "compile")
    return made


@pytest.fixture
def session(host: Host) -> Iterator[Engine]:
    """A session on empty tables."""
    with host.open() as session:
        for table in (*RAW, *GROWING):
            session.ask(f"delete from {table}")
        yield session


def grow(host: Host, session: Engine, name: str) -> None:
    """As dbt does: what the query gives is added."""
    session.ask(f"insert into {name} {compiled(host.target, name)}")


def rows(session: Engine, name: str) -> Counter[tuple[str, ...]]:
    return Counter(map(texts, session.ask(f"select * from {name}")))


@pytest.mark.parametrize("seed", range(12))
def test_any_number_of_builds_ends_as_one(host: Host, session: Engine, seed: int) -> None:
    days = loads(seed, 8)
    built: Counter[tuple[str, ...]] = Counter()
    for number, load in enumerate(days):
        insert(session, load)
        if (number + seed) % 3 == 0:
            grow(host, session, "grown")
            found = rows(session, "grown")
            assert not built - found, "a row that was there has changed"
            assert found == training_rows(days[: number + 1])
            built = found
    for name in ("grown", "parted", "grown"):
        grow(host, session, name)
    assert rows(session, "grown") == training_rows(days)
    session.ask(f"create temporary table at_once as {compiled(host.target, 'whole')}")
    assert rows(session, "parted") == rows(session, "at_once")
    session.ask("drop table at_once")
    ids = {label.id for load in days for label in load.asked}
    assert {row[0] for row in session.ask("select id from parted")} == ids - {7}


def test_a_repeated_label_row_is_added_as_often_as_it_is_new(host: Host, session: Engine) -> None:
    label = Label(1, 2, datetime(2024, 1, 1), None)
    for copies in (1, 1, 2):
        insert(session, Load([], [], [label] * copies))
        grow(host, session, "grown")
    assert sum(rows(session, "grown").values()) == 4


def test_labels_of_the_future_and_those_without_a_time_wait(host: Host, session: Engine) -> None:
    insert(session, Load([], [], [FUTURE, FUTURE._replace(asked_at=None)]))
    session.ask(f"insert into raw_asked values (1, 1, {RECENT}, null)")
    for name in ("grown", "waiting"):
        grow(host, session, name)
    assert session.ask("select id from grown") == [(1,)]
    assert session.ask("select id from waiting") == []
    session.ask("update raw_asked set asked_at = asked_at - interval '3 days' where id = 1")
    grow(host, session, "waiting")
    assert session.ask("select id from waiting") == [(1,)]


def test_dbt_builds_and_tests_it_day_by_day(host: Host, session: Engine) -> None:
    days = loads(99, 3)
    days[0].asked.append(FUTURE)
    session.close()
    for number, load in enumerate(days):
        with host.open() as inserting:
            insert(inserting, load)
        host.dbt("build")
        with host.open() as reading:
            assert rows(reading, "grown") == training_rows(days[: number + 1])
    host.dbt("build", "--full-refresh", "--select", "grown")
    with host.open() as reading:
        assert rows(reading, "grown") == training_rows(days)
        # The test sees what is missing.
        reading.ask("delete from grown where asked_at = (select min(asked_at) from grown)")
    host.dbt("test", "--select", "grown", code=1)
    assert "fail" in {result["status"] for result in host.results().values()}


@pytest.mark.dbt_1
@pytest.mark.parametrize("said", ["create temp", "insert into", "commit"])
def test_a_killed_build_adds_nothing_twice(host: Host, session: Engine, said: str) -> None:
    days = loads(5, 4)
    for load in days:
        insert(session, load)
    session.close()
    log = host.project / "logs" / "dbt.log"
    log.unlink()
    arguments = ("dbt", "run", "--select", "grown")
    env = dbt_environment(host.env)
    process = forks().start(arguments, host.project, env, NOWHERE, NOWHERE)
    eventually(lambda: _has_said(log, said), f"dbt's log says {said!r}")
    os.kill(process, signal.SIGKILL)
    forks().wait()
    host.dbt("run", "--select", "grown")
    with host.open() as reading:
        assert rows(reading, "grown") == training_rows(days)


def _has_said(log: Path, text: str) -> bool:
    if not log.exists():
        return False
    _, _, built = log.read_text().lower().partition("sql incremental model")
    return text in built


MISTAKES: dict[str, tuple[str, dict[str, Any]]] = {
    "knowledge='event_time' lets a label see rows that come later": (
        "knowledge='event_time'",
        {},
    ),
    "its unique_key would let new label rows replace old ones": ("", {"unique_key": ["id"]}),
    "label_delay 'soon' is not a fixed length of time": ("label_delay='soon'", {}),
}


@pytest.mark.parametrize("problem", MISTAKES)
def test_what_would_not_end_as_one_build_is_refused(host: Host, problem: str) -> None:
    argument, config = MISTAKES[problem]
    with _model(host, argument, config):
        assert problem in host.dbt("compile", "--select", "grown", code=2)


def test_a_set_that_became_another_is_built_anew(host: Host) -> None:
    with _model(host, "split={'by': ['id'], 'fractions': {'a': 0.5, 'b': 0.5}}", {}):
        said = host.dbt("compile", "--select", "grown", code=2)
        assert "its columns are not those of its table ('train_test_split' is new)" in said
        host.dbt("run", "--full-refresh", "--select", "grown")
        host.dbt("run", "--select", "grown")
    said = host.dbt("compile", "--select", "grown", code=2)
    assert "its columns are not those of its table ('train_test_split' is gone)" in said
    host.dbt("run", "--full-refresh", "--select", "grown")


@contextmanager
def _model(host: Host, argument: str, config: dict[str, Any]) -> Iterator[None]:
    """Within the block `grown` has another argument or config."""
    file = host.project / "models" / "grown.sql"
    query = file.read_text()
    other = query.replace("labels='asked'", f"labels='asked', {argument}".rstrip(", "))
    if config:
        options = json.dumps({"materialized": "incremental", **config})
        other = "{{ config(**" + options + ") }}" + other.partition("}}")[2]
    file.write_text(other)
    try:
        yield
    finally:
        file.write_text(query)
