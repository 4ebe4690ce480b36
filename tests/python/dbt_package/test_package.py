"""The dbt package inside the projects of others."""

import json
import re
import subprocess
from pathlib import Path
from shutil import copyfile, copytree

import adbc_driver_postgresql.dbapi
import duckdb
import pytest
from msgspec.structs import replace

from conftest import ServerOf
from feature_warehouse.dbt_project.targets import refuse_another
from feature_warehouse.declarations.model import WrittenFor
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.engines.profile import load_profile
from feature_warehouse.errors import UsageError
from feature_warehouse.util.durations import microseconds
from harness.engines import ENGINES
from harness.host import Host
from harness.support import ROOT, assert_reads_well, dbt, dbt_environment, run
from local_postgres import Postgres

STRICT = '{"error": "all", "warn": ["NothingToDo"]}'

HOSTS = Path(__file__).parent / "hosts"

HOUR = 3_600_000_000
LENGTHS: dict[str, int | None] = {
    "1 microsecond": 1,
    "3 hours": 3 * HOUR,
    "1 hour": HOUR,
    "90minutes": HOUR * 3 // 2,
    "1 day 12 hours": 36 * HOUR,
    "2 WEEKS": 14 * 24 * HOUR,
    "  7\tdays\n": 7 * 24 * HOUR,
    "5 seconds 20 milliseconds": 5_020_000,
    "1 hour 1 hour": 2 * HOUR,
    "1\u00a0hour": HOUR,
    "0 hours": 0,
    "007 seconds": 7_000_000,
    "10000000000000000 weeks": 6_048_000_000_000_000_000_000_000_000,
    "": None,
    "3": None,
    "hour": None,
    "1 month": None,
    "2 years": None,
    "1.5 hours": None,
    "-1 hour": None,
    "1 hour, 30 minutes": None,
    "1 hour and 30 minutes": None,
    "1 hour30 minutes": None,
    "1 hourss": None,
    "1 h": None,
    "PT1H": None,
    "01:00:00": None,
    "\u0661 hour": None,
    "interval '1 hour'": None,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package as it ships; host projects go beside it."""
    folder = tmp_path_factory.mktemp("the hosts")
    ship_package(folder)
    return folder


@pytest.fixture(scope="module")
def empty_host(folder: Path) -> Host:
    return Host(install("empty", folder))


@pytest.fixture(scope="module")
def shop_project(folder: Path) -> Path:
    return install("shop", folder)


@pytest.fixture(scope="module", params=ENGINES)
def shop(request: pytest.FixtureRequest, shop_project: Path, server_of: ServerOf) -> Host:
    """The host project `shop` as built on one engine."""
    host = Host(shop_project, request.param, server_of(request.param))
    host.dbt("--warn-error", "build")
    return host


def ship_package(folder: Path) -> None:
    """Copy what a clone of the repository would have, and nothing that lies around beside it."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    for name in listing.stdout.split("\0"):
        if name and (ROOT / name).is_file():
            copy = folder / "package" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copyfile(ROOT / name, copy)


def install(name: str, folder: Path) -> Path:
    """Copy a project to ``folder``, where the package lies already, and run `dbt deps` in it."""
    project = copytree(HOSTS / name, folder / name)
    Host(project).dbt("--warn-error", "deps")
    return project


def test_an_empty_host_gets_nothing_but_the_check_of_declarations(empty_host: Host) -> None:
    said = empty_host.dbt("--warn-error-options", STRICT, "build")
    assert "Nothing to do" in said

    content = empty_host.manifest()
    assert list(content["nodes"]) == [
        "operation.feature_warehouse.feature_warehouse-on-run-start-0"
    ]
    kinds = ["sources", "exposures", "unit_tests", "metrics", "groups", "semantic_models"]
    assert {kind: content[kind] for kind in [*kinds, "saved_queries"] if content[kind]} == {}
    # The demo is not even parsed, but for its few singular tests.
    skipped = [node["original_file_path"] for [node] in content["disabled"].values()]
    assert {str(Path(path).parent) for path in skipped} == {"tests/singular"}


@pytest.mark.dbt_1
def test_a_manifest_says_which_target_it_was_written_for(empty_host: Host) -> None:
    """Also with dbt's parse cache, whatever command writes it."""
    project, env = empty_host.project, empty_host.env
    other = {"FEATURE_WAREHOUSE_DUCKDB_PATH": "other/empty.duckdb"}
    places = [("duckdb", {}), ("duckdb", other), ("postgres", {}), ("duckdb", {})]
    noted = []
    for target, more in places:
        dbt("--warn-error", "parse", "--target", target, project=project, env=env | more)
        note = read_registry(empty_host.target / "manifest.json").written_for
        assert note is not None
        assert "character varying" in note.spellings["text"]
        noted.append(replace(note, spellings={}))
        for other_target, other_more in places:
            with pytest.MonkeyPatch.context() as patch:
                for name, value in (env | other_more).items():
                    patch.setenv(name, value)
                profile = load_profile(project, project, other_target)
            if (target, more) == (other_target, other_more):
                refuse_another(Path(), noted[-1], profile, project)
            else:
                with pytest.raises(UsageError, match="not for target"):
                    refuse_another(Path(), noted[-1], profile, project)
    own = env["FEATURE_WAREHOUSE_DUCKDB_PATH"]
    first = WrittenFor("duckdb", "duckdb", "empty", "main", own, (18, 3))
    assert noted == [
        first,
        WrittenFor("duckdb", "duckdb", "empty", "main", "other/empty.duckdb", (18, 3)),
        WrittenFor("postgres", "postgres", "postgres", "empty"),
        first,
    ]


@pytest.mark.dbt_1
def test_every_macro_that_is_shown_is_described(shop: Host) -> None:
    """The others are hidden, and say in their SQL what they are for."""
    macros = [
        macro
        for macro in shop.manifest()["macros"].values()
        if macro["package_name"] == "feature_warehouse"
    ]
    shown = {macro["name"]: macro for macro in macros if macro["docs"]["show"]}
    assert [name for name, macro in shown.items() if not macro["description"].strip()] == []
    files = (ROOT / "macros").glob("*/*.sql")
    tests = (ROOT / "tests/generic").glob("*.sql")
    assert set(shown) == {
        *(file.stem for file in files),
        *(f"test_{file.stem}" for file in tests),
    }
    untyped = [
        f"{name}.{argument['name']}"
        for name, macro in shown.items()
        for argument in macro["arguments"]
        if not argument["type"] or not argument["description"].strip()
    ]
    assert untyped == []


def test_a_host_builds_its_own_training_set(shop: Host) -> None:
    columns = "order_id, buyer, returned, buyer_status, buyer_score, cast(rate as text)"
    rows = shop.ask(f"select {columns} from order_training order by order_id")
    first, second = "1.1050", "1.0946"
    assert rows == [
        (101, 1, False, None, 0, None),  # nothing was loaded yet: the default
        (102, 1, True, "new", 10, first),  # gold since the 5th, but the shop learns it on the 9th
        (103, 1, False, "gold", 50, second),  # at the very instant of both
        (104, 1, None, "gold", None, second),  # corrected to NULL, which no default fills in
        (105, 2, False, None, 0, second),  # past the ttl
        (106, None, False, None, 0, second),  # nobody's order has no status, but it has a rate
        (106, None, False, None, 0, second),  # and it is there twice
    ]


def test_a_host_queries_a_view_at_an_instant_and_now(shop: Host) -> None:
    query = "select customer_id, status, score from {} order by customer_id"
    assert shop.ask(query.format("status_in_january")) == [(1, "gold", 50), (2, "new", 5)]
    assert shop.ask(query.format("status_today")) == [(1, "gold", None), (2, "new", 5)]


def test_a_host_has_its_own_service(shop: Host) -> None:
    registry = read_registry(shop.target / "manifest.json", shop.project)
    assert list(registry.views) == ["customer_status", "exchange_rate"]
    assert [name for name, view in registry.views.items() if view.online] == [*registry.views]
    service = registry.services["order_training"]
    assert [(part.view.name, part.join_keys, part.features) for part in service.parts] == [
        (
            "customer_status",
            {"customer_id": "buyer"},
            {"status": "buyer_status", "score": "buyer_score"},
        ),
        ("exchange_rate", {}, {"rate": "rate"}),
    ]


@pytest.mark.dbt_1
def test_compiling_again_gives_the_same_sql_and_lengths_are_read_as_in_python(
    shop: Host,
) -> None:
    before = {path: path.read_text() for path in _compiled(shop)}
    assert len(before) == 7
    # A process of its own, for those that share one have the same seed.
    run(
        "dbt",
        "--warn-error",
        "compile",
        "--no-partial-parse",
        "--vars",
        json.dumps({"lengths": list(LENGTHS)}),
        cwd=shop.project,
        env={**dbt_environment(shop.env), "PYTHONHASHSEED": "1"},
        check=True,
    )
    assert {path: path.read_text() for path in _compiled(shop)} == before

    answers = json.loads((shop.target / "compiled/shop/analyses/lengths.sql").read_text())
    assert answers == LENGTHS
    assert {text: microseconds(text) for text in LENGTHS} == LENGTHS


def test_the_sql_of_a_training_set_reads_well(shop: Host, tmp_path: Path) -> None:
    assert_reads_well(
        shop.target / "compiled/shop/models/order_training.sql", shop.engine, tmp_path
    )


def test_reserved_words_are_quoted(postgres: Postgres) -> None:
    macro = (ROOT / "macros/internal/sql/_quote.sql").read_text()
    found = re.search(r"set reserved = '([^']*)'", macro)
    assert found
    listed = found[1].split()
    assert listed == sorted(set(listed))

    query = "select keyword_name from duckdb_keywords() where keyword_category in ({})"
    with duckdb.connect() as connection:
        rows = connection.execute(query.format("'reserved', 'type_function'")).fetchall()
    reserved = {str(row[0]) for row in rows}
    uri = postgres.uri
    with adbc_driver_postgresql.dbapi.connect(uri) as link, link.cursor() as cursor:
        cursor.execute("select word from pg_get_keywords() where catcode in ('R', 'T')")
        reserved |= {str(row[0]) for row in cursor.fetchall()}
    assert reserved - set(listed) == set()


def _compiled(shop: Host) -> list[Path]:
    return sorted((shop.target / "compiled/shop/models").glob("*.sql"))
