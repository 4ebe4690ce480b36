"""`feature-warehouse describe`: what it says is right, and what it offers can be pasted."""

import json
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from catalog.conftest import parsed_apart
from conftest import Runs
from feature_warehouse.catalog.describe import Description, describe
from feature_warehouse.declarations.model import WrittenFor
from feature_warehouse.declarations.registry import read_registry
from harness.command_line import Fw, in_process, one_line
from harness.host import Built
from harness.mini import Mini
from harness.support import clear_environment


@pytest.fixture
def fw(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Fw:
    clear_environment(monkeypatch)
    return in_process(monkeypatch, capsys, "describe")


def _described(site: Built, name: str) -> list[Description]:
    return describe(read_registry(site.target / "manifest.json"), name)


def test_the_sql_to_copy_runs(site: Built) -> None:
    for name in ("people", "people:mail", "people:Ratio", "id", "rate", "purchases", "buy"):
        for found in _described(site, name):
            assert site.records(found.samples["SQL"]), (name, found.kind)


@pytest.mark.dbt_1
def test_the_training_sets_to_copy_compile(site_duckdb: Built) -> None:
    """Each snippet as a model of the project."""
    names = ("people", "people:mail", "people:Ratio", "purchases:orders_1d", "rate:rate")
    samples = [found.samples for name in names for found in _described(site_duckdb, name)]
    models = [
        site_duckdb.project / "models" / f"pasted_{number}.sql" for number in range(len(samples))
    ]
    try:
        for model, sample in zip(models, samples, strict=True):
            model.write_text(sample["dbt"])
        select = ("--select", *(model.stem for model in models))
        target = parsed_apart(site_duckdb, "pasted")
        site_duckdb.dbt("--quiet", "compile", *select, env={"DBT_TARGET_PATH": target})
    finally:
        for model in models:
            model.unlink(missing_ok=True)


def test_the_python_to_copy_runs(
    mini: Mini, publish: Runs, redis_url: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    keys = {
        "id": "bigint", "name": "text", "day": "date", "seen": "timestamp", "at": "timestamptz",
        "uid": "uuid", "flag": "boolean", "exact": "numeric(10,0)",
    }  # fmt: skip
    mini.view(
        "many",
        {**keys, "ts": "timestamp", 'od"d': "double precision"},
        "select 1::bigint as id, '...' as name, date '1970-01-01' as day,"
        " timestamp '1970-01-01' as seen, timestamptz '1970-01-01 00:00+00' as at,"
        " '00000000-0000-0000-0000-000000000000'::uuid as uid, true as flag, 1::numeric(10,0)"
        ' as exact, timestamp \'2026-01-01\' as ts, 1.5::double as "od""d"',
        join_keys=list(keys),
    )
    mini.service("all", {"view": "many", "join_keys": {"id": "who"}, "prefix": "x_"})
    publish()
    monkeypatch.setenv("REDIS_URL", redis_url)
    registry = read_registry(mini.write())
    expected = {"many": "{'od\"d': 1.5}", 'many:od"d': "1.5", "all": "{'x_od\"d': 1.5}"}
    for name, printed in expected.items():
        [found] = describe(registry, name)
        exec(found.samples["Python"], {})  # noqa: S102 (our own sample, to be pasted)
        assert capsys.readouterr().out == printed + "\n"


def test_every_kind_of_name_is_found(site: Built) -> None:
    def kinds(name: str) -> list[tuple[str, str]]:
        return [(found.kind, found.name) for found in _described(site, name)]

    assert kinds("people") == [("feature view", "people")]
    assert kinds("mail") == kinds("p_mail") == kinds("address") == kinds("again:address")
    assert kinds("mail") == kinds("people.mail") == [("feature", "people:mail")]
    assert kinds("rate") == [("feature view", "rate"), ("feature", "rate:rate")]
    assert kinds("buy") == [("service", "buy")]
    assert kinds("shop,id") == kinds("id, shop") == [("entity", "id, shop")]
    [entity] = _described(site, "id")
    assert (entity.kind, entity.description) == ("entity", "The person.")
    assert (entity.facts["views"], entity.facts["services"]) == ("people, purchases", "again, buy")


def test_a_service_has_its_features_as_served(site: Built) -> None:
    [service] = _described(site, "again")
    assert [(c.name, c.view, c.feature) for c in service.columns] == [
        ("address", "people", "mail"),
        ("orders_1d", "purchases", "orders_1d"),
        ("same_orders_1d", "purchases", "orders_1d"),
    ]
    assert service.facts["entity"] == "person, shop"
    [not_served] = _described(site, "buy")
    assert "Python" not in not_served.samples  # a view of it is not online


def test_the_command_prints_for_people_and_machines(fw: Fw, site: Built) -> None:
    where = ("--project-dir", site.project, "--target-path", site.engine)
    code, out, err = fw("people", *where)
    assert (code, err) == (0, "")
    for text in ("feature view people", "Customer team <crm@example.com>", "personal data", "1 h"):
        assert text in out
    [found] = _described(site, "people")
    for sample in found.samples.values():
        assert sample in out
    code, out, _ = fw("mail", *where, "--json")
    [parsed] = json.loads(out)["found"]
    assert (parsed["kind"], parsed["name"]) == ("feature", "people:mail")


def test_an_unknown_name_is_an_error_with_a_hint(fw: Fw, mini: Mini) -> None:
    where = ("--project-dir", mini.folder)
    mini.write()
    one_line(fw("scores", *where), 2, "'scores' is not a feature view", "it has no feature view")
    mini.view("scores", {"id": "bigint", "ts": "timestamp", "score": "double precision"})
    mini.write()
    one_line(fw("scroes", *where), 2, "did you mean 'scores'?")
    one_line(fw("zzz", *where), 2, "its views are scores")
    one_line(fw("scores", "--project-dir", mini.folder / "no"), 2, "there is no dbt_project.yml in")


def test_describing_imports_nothing_heavy(site_duckdb: Built) -> None:
    code = (
        "import sys; from feature_warehouse.declarations.registry import read_registry;"
        "from feature_warehouse.catalog.describe import describe; from pathlib import Path;"
        f"describe(read_registry(Path({str(site_duckdb.target / 'manifest.json')!r})), 'people');"
        "print([m for m in ('dbt', 'duckdb', 'pyarrow', 'yaml', 'rich') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_the_python_to_copy_names_project_and_environment(mini: Mini) -> None:
    """Of a second environment on the same Redis its reader must not learn."""
    mini.view("v", {"id": "bigint", "ts": "timestamp", "x": "bigint"})
    registry = read_registry(mini.write())
    target = WrittenFor("duckdb", 'pr"od', "d", "s")
    [found] = describe(msgspec.structs.replace(registry, written_for=target), "v")
    named: dict[str, Any] = {}
    lines = [line for line in found.samples["Python"].split("\n") if line.startswith("project")]
    exec(lines[0], named)  # noqa: S102 (a line of our own sample)
    assert (named["project"], named["environment"]) == ("mini", 'pr"od')
    assert "from_url(url, project=project, environment=environment)" in found.samples["Python"]


LONG = "the_mean_of_all_that_a_customer_paid_in_the_last_thirty_days_and_the_seven_before_those"


@pytest.mark.parametrize("columns", ["80", "40"])
def test_nothing_is_cut_in_a_narrow_pipe(
    columns: str, fw: Fw, mini: Mini, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    mini.view(LONG, {"id": "bigint", "ts": "timestamp", f"{LONG}_x": "bigint"})
    mini.write()
    where = ("--project-dir", mini.folder)
    for name in (LONG, f"{LONG}_x", "id"):
        code, out, _ = fw(name, *where)
        assert code == 0
        assert "…" not in out
        assert f"{LONG}_x" in out
        assert not [line for line in out.splitlines() if line.rstrip().endswith(":")]
