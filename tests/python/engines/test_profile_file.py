"""A target of a profile reads the same with dbt-core and without."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from feature_warehouse.engines.duckdb import DuckDBWarehouse
from feature_warehouse.engines.duckdb_target import _secret
from feature_warehouse.engines.duckdb_target import credentials_of as duckdb_credentials
from feature_warehouse.engines.postgres import credentials_of as postgres_credentials
from feature_warehouse.engines.profile import load_profile
from feature_warehouse.engines.profile_file import read_output
from feature_warehouse.errors import UsageError
from harness.support import IS_DBT_2

PROFILES = """
shop:
  target: "{{ env_var('SHOP_TARGET', 'file') }}"
  outputs:
    file:
      type: duckdb
      path: "{{ env_var('SHOP_FOLDER') }}/shop.duckdb"
      schema: "{{ var('schema', 'main') }}"
      threads: "{{ env_var('SHOP_THREADS', '2') | as_number }}"
      settings: {TimeZone: Asia/Tokyo}
      attach:
        - {path: "{{ env_var('SHOP_FOLDER') }}/other.duckdb", alias: other}
    server:
      type: postgres
      host: "{{ env_var('SHOP_HOST') }}"
      port: "{{ env_var('SHOP_PORT') | as_number }}"
      user: keeper
      password: "{{ env_var('DBT_ENV_SECRET_SHOP') }}"
      dbname: shop
      schema: sales
      sslmode: disable
    broken: {type: duckdb, path: "{{ env_var('SHOP_NOWHERE') }}"}
    wrong: {type: duckdb, path: "s3cret{{ 1 / 0 }}"}
    odd: {type: duckdb, path: a.duckdb, plugins: [{module: excel}]}
other: {outputs: {dev: {type: duckdb, path: other.duckdb}}, target: dev}
"""
ENVIRONMENT = {
    "SHOP_FOLDER": "a folder",
    "SHOP_HOST": "db.example.com",
    "SHOP_PORT": "5433",
    "DBT_ENV_SECRET_SHOP": "it's s3cret/{{ no }}",
}
DUCKDB = ("path", "database", "schema", "settings")
POSTGRES = (
    *("host", "port", "user", "password", "database", "schema", "role", "connect_timeout"),
    *("sslmode", "sslcert", "sslkey", "sslrootcert"),
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "dbt_project.yml").write_text(
        "name: shop\nversion: 1.0.0\nprofile: \"{{ env_var('SHOP_PROFILE', 'shop') }}\"\n"
    )
    (tmp_path / "profiles.yml").write_text(PROFILES)
    for name, text in ENVIRONMENT.items():
        monkeypatch.setenv(name, text)
    for name in ("DBT_TARGET", "DBT_PROFILE", "SHOP_TARGET", "SHOP_PROFILE", "SHOP_THREADS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def read(project: Path, target: str | None = None, profile: str | None = None) -> Any:
    variables = {"schema": "sold"}
    return read_output(project, project / "profiles.yml", target, profile, variables)


def test_a_file_and_a_server_are_what_their_texts_say(project: Path) -> None:
    name, target, content = read(project)
    assert (name, target) == ("shop", "file")
    file = duckdb_credentials(content)
    found = [getattr(file, one) for one in DUCKDB]
    assert found == ["a folder/shop.duckdb", "shop", "sold", {"TimeZone": "Asia/Tokyo"}]
    assert [vars(one) for one in file.attach] == [
        {"path": "a folder/other.duckdb", "alias": "other"}
    ]
    server = postgres_credentials(read(project, "server").content)
    assert [getattr(server, one) for one in POSTGRES] == [
        *("db.example.com", 5433, "keeper", "it's s3cret/{{ no }}", "shop", "sales", None, 10),
        *("disable", None, None, None),
    ]


@pytest.mark.skipif(IS_DBT_2, reason="there is no dbt-core to compare with")
@pytest.mark.parametrize(
    ("environment", "target", "profile"),
    [
        ({}, None, None),
        ({"SHOP_TARGET": "server"}, None, None),
        ({"DBT_TARGET": "server"}, None, None),
        ({"DBT_TARGET": "server"}, "file", None),
        ({"SHOP_PROFILE": "other"}, None, None),
        ({"DBT_PROFILE": "other"}, None, None),
        ({"DBT_PROFILE": "other"}, None, "shop"),
    ],
)
def test_dbt_core_reads_the_same(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    target: str | None,
    profile: str | None,
) -> None:
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    theirs = load_profile(project, project, target, profile, {"schema": "sold"})
    name, chosen, content = read(project, target, profile)
    assert (name, chosen, content["type"]) == (theirs.name, theirs.target, theirs.adapter)
    names, made = (
        (DUCKDB, duckdb_credentials)
        if theirs.adapter == "duckdb"
        else (POSTGRES, postgres_credentials)
    )
    ours: Any = made(content)
    for one in names:
        assert getattr(ours, one) == (
            getattr(theirs.credentials, one) or ({} if one == "settings" else None)
        )


@pytest.mark.parametrize(
    ("target", "profile", "said"),
    [
        ("broken", None, "Env var required but not provided: 'SHOP_NOWHERE'"),
        ("wrong", None, "it is not a valid profile; `dbt debug` says why"),
        ("nowhere", None, "does not have a target named 'nowhere'; it has file, server"),
        (None, "nobody", "Could not find profile named 'nobody'"),
    ],
)
def test_what_is_wrong_is_one_line_without_a_value(
    project: Path, target: str | None, profile: str | None, said: str
) -> None:
    with pytest.raises(UsageError) as error:
        read(project, target, profile)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert "s3cret" not in str(error.value)


def test_what_only_dbt_duckdb_knows_is_refused(project: Path) -> None:
    with pytest.raises(UsageError, match="has plugins, which only dbt-duckdb knows"):
        duckdb_credentials(read(project, "odd").content)


def test_a_file_is_opened_with_what_the_profile_asks_for_and_only_to_read(tmp_path: Path) -> None:
    for name in ("shop", "other"):
        with duckdb.connect(str(tmp_path / f"{name}.duckdb")) as connection:
            connection.execute(f"create table {name} as select 1 as n")
    output = {
        "type": "duckdb",
        "path": "shop.duckdb",
        "settings": {"threads": 1},
        "attach": [{"path": "other.duckdb", "alias": "its other"}],
    }
    with DuckDBWarehouse(duckdb_credentials(output), tmp_path) as warehouse:
        asked = (
            "select shop.n, o.n as m, current_setting('threads') as threads"
            ' from shop, "its other".other as o'
        )
        with warehouse.rows(asked, "the question") as found:
            assert found.read_all().to_pylist() == [{"n": 1, "m": 1, "threads": 1}]
    secret = {"type": "s3", "name": "a", "key_id": "it's", "scope": ["s3://b"], "persistent": True}
    assert _secret(secret) == (
        """create or replace temporary secret "a" (type "s3", "key_id" 'it''s', "scope" ['s3://b'])"""
    )
