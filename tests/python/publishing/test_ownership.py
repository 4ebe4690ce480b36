"""Two warehouses under one project and environment: the second is refused, and nothing is lost."""

import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
import redis

from feature_warehouse import OnlineStore, UsageError
from feature_warehouse.engines.duckdb import DuckDBWarehouse
from feature_warehouse.engines.postgres import PostgresWarehouse
from feature_warehouse.publishing.ownership import refuse_another
from harness.command_line import Fw, in_process, one_line
from harness.engines import PostgreSQL
from harness.mini import NAMES, NOW, Mini
from harness.publishers import keys_of, pairs, profile_of
from harness.support import clear_environment, credentials_of
from local_postgres import Postgres

AS_OF = ("--as-of", NOW.isoformat())


@pytest.fixture
def alice(tmp_path: Path) -> Mini:
    return developer(tmp_path / "alice", 1)


@pytest.fixture
def bob(tmp_path: Path) -> Mini:
    return developer(tmp_path / "bob", 2)


def developer(folder: Path, value: int) -> Mini:
    """A project of the same name and target, with a warehouse of its own."""
    mini = Mini(folder)
    pairs(mini, 3, value)
    pairs(mini, 3, value, f"only_{folder.name}")
    mini.write()
    return mini


@pytest.fixture
def fw(redis_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Fw:
    clear_environment(monkeypatch)
    monkeypatch.setenv("REDIS_URL", redis_url)
    return in_process(monkeypatch, capsys)


def of(mini: Mini) -> tuple[str, ...]:
    return ("--project-dir", str(mini.folder), "--profiles-dir", str(mini.folder))


def test_two_developers(alice: Mini, bob: Mini, fw: Fw, client: "redis.Redis") -> None:
    assert fw("materialize", *AS_OF, *of(alice))[0] == 0
    note: Any = client.get(NAMES.warehouse)
    assert len(note) == 16 + 1 + 16  # two hashes, and nothing that tells a path
    before = {key: client.dump(key) for key in keys_of(client)}
    pairs(bob, 0, 2)  # he has none of her entities, so nothing keeps him from forgetting them
    for command in (
        ("materialize", *AS_OF, "--prune"),
        ("materialize", *AS_OF, "--dry-run"),
        ("verify",),
        ("forget", "id=2"),
        ("drain", "--create"),
    ):
        one_line(
            fw(*command, *of(bob)),
            2,
            "mini.dev in this Redis was published from another warehouse",
            "under another --environment, or pass --take-over",
        )
        assert {key: client.dump(key) for key in keys_of(client)} == before, command
    assert fw("materialize", *AS_OF, *of(bob), "--environment", "bob")[0] == 0
    with OnlineStore(client, project="mini", environment="dev") as store:
        assert store.get("only_alice", {"id": 1})["a"] == 1
        assert fw("materialize", *AS_OF, *of(bob), "--take-over", "--prune", "--yes")[0] == 0
        assert store.get("only_bob", {"id": 1})["a"] == 2
    one_line(fw("materialize", *AS_OF, *of(alice)), 2, "from another warehouse")


def test_a_warehouse_that_was_moved_or_built_anew(
    alice: Mini, bob: Mini, fw: Fw, client: "redis.Redis"
) -> None:
    """Its file is where it was, or is the one it was; each time both are noted."""
    assert fw("materialize", *AS_OF, *of(alice))[0] == 0
    alice.database.unlink()
    pairs(alice, 3, 5)
    pairs(alice, 3, 5, "only_alice")
    for step in ("built anew", "published again"):
        assert fw("materialize", *AS_OF, *of(alice))[0] == 0, step
    shutil.copy(alice.database, bob.database)
    pairs(bob, 3, 6)
    bob.drop("only_bob")
    bob.write()
    assert fw("materialize", *AS_OF, *of(bob))[0] == 0
    bob.database.unlink()
    pairs(bob, 3, 7)
    assert fw("materialize", *AS_OF, *of(bob))[0] == 0
    with OnlineStore(client, project="mini", environment="dev") as store:
        assert store.get("pairs", {"id": 1})["a"] == 7


@pytest.mark.parametrize("damage", [b"", b"\xff\xfe", b"{}", None])
def test_a_note_that_is_damaged_is_written_again(
    damage: bytes | None, alice: Mini, bob: Mini, fw: Fw, client: "redis.Redis"
) -> None:
    fw("materialize", *AS_OF, *of(alice))
    client.delete(NAMES.warehouse)
    if damage is None:
        client.rpush(NAMES.warehouse, "x")
    else:
        client.set(NAMES.warehouse, damage)
    assert fw("materialize", *AS_OF, *of(alice))[0] == 0
    one_line(fw("materialize", *AS_OF, *of(bob)), 2, "from another warehouse")


def test_a_file_of_an_older_format_has_no_identifier(tmp_path: Path) -> None:
    """Two such files are no more the same than others."""
    minis = [Mini(tmp_path / name) for name in ("first", "second")]
    found = []
    for mini in minis:
        with duckdb.connect() as connection:
            connection.execute(f"attach '{mini.database}' as old (storage_version 'v1.0.0')")
            connection.execute("create table old.t as select 1 as x")
        with DuckDBWarehouse(profile_of(mini).credentials) as warehouse:
            found.append(warehouse.identity())
    assert [len(one) for one in found] == [1, 1]
    assert found[0] != found[1]


def test_schemas_and_servers_of_postgres(postgres: Postgres, client: "redis.Redis") -> None:
    """A server is told by its data, whatever it is called; a schema is a warehouse of its own."""
    with closing(PostgreSQL(postgres.uri)) as engine:
        [(identifier,)] = engine.ask("select system_identifier from pg_control_system()")
    place = credentials_of(postgres)
    for schema, host, code in (
        ("alice", "127.0.0.1", None),
        ("bob", "127.0.0.1", "refused"),
        ("alice", "localhost", None),
    ):
        place.schema, place.host = schema, host
        with PostgresWarehouse(place) as warehouse:
            assert warehouse.identity() == [f"postgres {identifier} {place.database} {schema}"]
            if code:
                with pytest.raises(UsageError, match="from another warehouse"):
                    refuse_another(client, NAMES, warehouse, keep=True)
            else:
                refuse_another(client, NAMES, warehouse, keep=True)


def test_an_address_that_is_not_of_this_machine_tells_a_server(postgres: Postgres) -> None:
    place = credentials_of(postgres)
    place.schema = "alice"
    with PostgresWarehouse(place) as warehouse:
        place.host = "db.example.com"
        address = f"db.example.com:{place.port}"
        assert warehouse.identity()[1] == f"postgres {address} {place.database} alice"
