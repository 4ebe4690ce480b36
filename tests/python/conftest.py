"""Real servers and a built demo, shared by a test process."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from shutil import copyfile
from typing import Any

import adbc_driver_postgresql.dbapi
import msgspec
import pytest
import redis
from xdist.scheduler import LoadScopeScheduling

from feature_warehouse import OnlineStore, dbt_project
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.dev.servers import Valkey, local_valkey
from feature_warehouse.engines import Warehouse, open_warehouse
from feature_warehouse.engines.profile import load_profile
from feature_warehouse.publishing.materialize import Materialization
from feature_warehouse.publishing.publish_view import ViewResult
from feature_warehouse.publishing.run_plan import Clock
from feature_warehouse.redis_store.connection import connect
from harness.engines import ENGINES
from harness.forks import forks, questions_to
from harness.mini import NOW, Mini
from harness.support import IS_DBT_2, IS_TRACED, ROOT, dbt, run
from local_postgres import Postgres, local_postgres

# A shell's background job ignores Ctrl-C, and so would every process that a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Demo(msgspec.Struct, frozen=True):
    """The demo project as built by `dbt build` on one engine; read only for tests."""

    engine: str
    env: dict[str, str]
    target_path: Path


SERVER = {"shared_buffers": "512MB", "work_mem": "64MB", "jit": "off"}
"""The demo's window views are larger than the default's memory, and all but they take less time
than PostgreSQL's compiler does."""

FIRST_DAY = date(2013, 10, 1)
"""Of the flights that PostgreSQL has: longer before the last three weeks than any window."""

SHARING = (
    "built_demo", "relations", "training_sets", "windows", "point_in_time", "on_demand", "growth",
    "watching", "catalog", "validation", "versions", "feature_site", "skew", "spark",
)  # fmt: skip
"""Folders whose tests share something dear on each engine, such as a project that dbt has built."""

FIRST = (
    *SHARING,
    "serving/test_online_model.py",
    "publishing/test_signals.py",
    "conformance/test_conformance.py",
)
"""What takes longest begins first, and so all processes end at about one time."""


def _group(nodeid: str) -> str:
    """What runs in one process: the tests of such a folder on an engine, or those of a file."""
    name, _, case = nodeid.partition("[")
    path = Path(name.partition("::")[0]).relative_to("tests/python")
    if path.parts[0] not in SHARING:
        return str(path)
    return f"{path.parts[0]} {'postgres' if 'postgres' in case else 'duckdb'}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {name: number for number, name in enumerate(FIRST)}
    items.sort(key=lambda item: rank.get(_group(item.nodeid).partition(" ")[0], len(rank)))


# xdist ships no types, so its classes are Any.
class ByGroup(LoadScopeScheduling):  # type: ignore[misc]
    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByGroup:
    # It would begin with the groups of most tests.
    config.option.loadscopereorder = False
    return ByGroup(config, log)


@pytest.fixture(scope="session", autouse=True)
def _questions_to_dbt() -> Iterator[None]:
    """Our package asks dbt without the seconds of its start."""
    with pytest.MonkeyPatch.context() as patch:
        if not IS_DBT_2 and not IS_TRACED:
            patch.setattr(dbt_project, "subprocess", questions_to(forks))
        yield


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[Valkey]:
    with local_valkey() as server:
        yield server


@pytest.fixture
def redis_url(valkey_server: Valkey) -> str:
    """The address of an empty server."""
    with redis.Redis.from_url(valkey_server.url) as client:
        client.flushall()
    return valkey_server.url


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(redis_url) as connection:
        yield connection


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with local_postgres(durable=False, config=SERVER) as server:
        yield server


ServerOf = Callable[[str], Postgres | None]


@pytest.fixture(scope="session")
def server_of(request: pytest.FixtureRequest) -> ServerOf:
    """The server of an engine that has one, started when it is first asked for."""

    def server(engine: str) -> Postgres | None:
        found: Postgres | None = None
        if engine == "postgres":
            found = request.getfixturevalue("postgres")
        return found

    return server


@pytest.fixture(scope="session")
def demo_duckdb(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo on duckdb")
    env = {"FEATURE_WAREHOUSE_DUCKDB_PATH": str(folder / "demo.duckdb")}
    return build_demo("duckdb", folder, env)


@pytest.fixture(scope="session")
def demo_postgres(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Demo:
    """Of the flights from ``FIRST_DAY`` on; the whole year is built by a long test."""
    load_on_postgres(postgres)
    connect = adbc_driver_postgresql.dbapi.connect
    with connect(postgres.uri, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"delete from nycflights13.flights where sched_dep_ts < '{FIRST_DAY}'")
        cursor.execute("vacuum analyze nycflights13.flights")
    folder = tmp_path_factory.mktemp("demo on postgres")
    # Those tests know answers about the whole year.
    return build_demo("postgres", folder, postgres.env(), "--exclude", "path:tests/singular")


def load_on_postgres(server: Postgres) -> None:
    run("python", ROOT / "scripts" / "load_postgres.py", env=server.env(), check=True)


@pytest.fixture(params=ENGINES)
def demo(request: pytest.FixtureRequest) -> Demo:
    """The demo on each engine in turn."""
    built: Demo = request.getfixturevalue(f"demo_{request.param}")
    return built


def build_demo(engine: str, folder: Path, env: dict[str, str], *arguments: str) -> Demo:
    copyfile(ROOT / "profiles.example.yml", folder / "profiles.yml")
    env = {
        **env,
        "DBT_PROFILES_DIR": str(folder),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "DBT_TARGET": engine,
    }
    dbt("build", *arguments, env=env)
    return Demo(engine, env, folder / "target")


@pytest.fixture
def mini(tmp_path: Path) -> Mini:
    return Mini(tmp_path)


Runs = Callable[..., dict[str, ViewResult]]


@pytest.fixture
def publish(mini: Mini, redis_url: str) -> Runs:
    """Publish everything at a clock, as the command line does; ``options`` are its options."""

    def run(
        clock: Clock | datetime = NOW, progress: Any = lambda *_: None, **options: Any
    ) -> dict[str, ViewResult]:
        with _materialization(mini, redis_url, clock, options) as (work, warehouse):
            results = {result.view: result for result in work.views(warehouse, progress)}
            work.services(warehouse)
        return results

    return run


@pytest.fixture
def preview(mini: Mini, redis_url: str) -> Runs:
    """Say what ``publish`` would do."""

    def run(clock: Clock | datetime = NOW, **options: Any) -> dict[str, ViewResult]:
        with _materialization(mini, redis_url, clock, options) as (work, warehouse):
            return {result.view: result for result in work.preview(warehouse)}

    return run


@contextmanager
def _materialization(
    mini: Mini, redis_url: str, clock: Clock | datetime, options: dict[str, Any]
) -> Iterator[tuple[Materialization, Warehouse]]:
    registry = read_registry(mini.write(), mini.folder)
    profile = load_profile(mini.folder, mini.folder, None)
    clock = clock if isinstance(clock, Clock) else Clock.at(clock)
    with connect(redis_url) as client, open_warehouse(profile) as warehouse:
        yield (
            Materialization(registry, client, environment="dev", clock=clock, **options),
            warehouse,
        )


@pytest.fixture
def store(redis_url: str) -> Iterator[OnlineStore]:
    with OnlineStore.from_url(redis_url) as opened:
        yield opened
