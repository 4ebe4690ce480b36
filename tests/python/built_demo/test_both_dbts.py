"""The demo as dbt 1 and dbt 2 build it on DuckDB: the same tables, and the same bytes in Redis."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from shutil import copyfile
from typing import Any, Final

import duckdb
import pytest
import redis

from feature_warehouse.dev.servers import local_valkey
from harness.engines import quote
from harness.support import BIN, ROOT, dbt_environment

pytestmark = pytest.mark.dbt_2

PROGRAMS: Final = {"1": ROOT / ".venv" / "bin", "2": BIN}
"""Where dbt and our commands are, by the number that the version of dbt begins with."""

CLOCK: Final = "2013-12-31T00:00:00Z"
SPRING: Final = json.dumps({"carriers_as_of": "2013-03-31"})
WITHOUT_TESTS: Final = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")

OTHERWISE: Final = {
    "published_at": "the wall clock",
    "seconds": "how long it took",
    "claimant": "drawn by the run that publishes",
    "invocation_id": "drawn by dbt",
    "checksum": "of the model's text as dbt notes it; after a change of dbt one run compares",
    "crc32": "covers the others, and is checked by whoever reads them",
}
"""What may differ in a pointer or a description, and why."""

STORE: Final = "feature_warehouse.duckdb"
WAREHOUSE: Final = f"{STORE}:!warehouse"
"""Hashes of the path and of the identifier of the DuckDB file, of which there are two."""


class Site:
    """The demo of one dbt, built in a folder."""

    def __init__(self, version: str, folder: Path) -> None:
        self.program = PROGRAMS[version]
        self.file = folder / "demo.duckdb"
        self._env = dbt_environment(
            {
                "DBT_PROFILES_DIR": str(folder),
                "DBT_TARGET": "duckdb",
                "DBT_TARGET_PATH": str(folder / "target"),
                "DBT_LOG_PATH": str(folder / "logs"),
                "FEATURE_WAREHOUSE_DUCKDB_PATH": str(self.file),
                "FEATURE_WAREHOUSE_DATA": str(ROOT / "data" / "nycflights13"),
            }
        )
        found = re.search(r"[0-9]+\.", self.run("dbt", "--version"))
        assert found
        assert found[0] == f"{version}."
        copyfile(ROOT / "profiles.example.yml", folder / "profiles.yml")
        carriers = ("--select", "+aircraft_carriers", "--vars", SPRING)
        self.run("dbt", "build", *WITHOUT_TESTS, *carriers)
        # dbt 1 runs the tests of the demo for all other tests of this folder.
        self.run("dbt", "build", *(WITHOUT_TESTS if version == "1" else ()))

    def run(self, program: str, *arguments: str, **env: str) -> str:
        done = subprocess.run(
            [self.program / program, *arguments],
            cwd=ROOT,
            env=self._env | env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def published(self) -> dict[str, Any]:
        """By its key, all that lies in an empty server once the demo is published there."""
        with local_valkey() as server:
            self.run("feature-warehouse", "materialize", "--as-of", CLOCK, REDIS_URL=server.url)
            with redis.Redis.from_url(server.url) as client:
                return {key.decode(): _value(client, key) for key in client.scan_iter(count=10_000)}


def _value(client: "redis.Redis", key: bytes) -> Any:
    return client.smembers(key) if client.type(key) == b"set" else client.get(key)


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> list[Site]:
    return [Site(version, tmp_path_factory.mktemp(f"dbt {version}")) for version in PROGRAMS]


@pytest.fixture(scope="module")
def both(sites: list[Site]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A session that has both warehouses, `dbt_1` and `dbt_2`."""
    with closing(duckdb.connect()) as connection:
        for version, site in zip(PROGRAMS, sites, strict=True):
            connection.execute(f"attach '{site.file}' as dbt_{version} (read_only)")
        yield connection


def test_every_table_is_the_same(both: duckdb.DuckDBPyConnection) -> None:
    """Of two tables with as many rows, none has a row of its own if one of them has none."""
    columns = [
        both.execute(
            "select table_name, column_name, data_type from duckdb_columns()"
            f" where database_name = 'dbt_{version}' and not internal order by all"
        ).fetchall()
        for version in PROGRAMS
    ]
    assert columns[0] == columns[1]
    tables = sorted({name for name, _, _ in columns[0]})
    assert len(tables) > 20
    for name in tables:
        one, other = (f"dbt_{version}.main.{quote(name)}" for version in PROGRAMS)
        [(rows, others, alone)] = both.execute(
            f"select (select count(*) from {one}), (select count(*) from {other}),"
            f" (select count(*) from (from {one} except all from {other}))"
        ).fetchall()
        assert (rows, alone) == (others, 0), name
        assert rows > 0, name


def test_every_byte_that_is_served_is_the_same(sites: list[Site]) -> None:
    one, other = (site.published() for site in sites)
    assert one.keys() == other.keys()
    rows = [key for key in one if "{" in key]
    assert len(rows) > 8_000
    assert [key for key in rows if one[key] != other[key]] == []
    for key in one.keys() - set(rows) - {WAREHOUSE}:
        assert _lasting(one[key]) == _lasting(other[key]), key


def _lasting(value: Any) -> Any:
    """A value without what differs from run to run."""
    if not isinstance(value, bytes) or not value.startswith(b"{"):
        return value
    return {name: part for name, part in json.loads(value).items() if name not in OTHERWISE}
