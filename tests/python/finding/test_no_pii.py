"""Personal data is found by its shape, on both warehouses, and nothing else is."""

from typing import Any

from finding.conftest import parsed_apart
from finding.texts import DIRTY, MIXED
from support import dbt
from training.lab import Lab

EXPECTED = {
    (kind, kind): sum(text is not None for text in texts)
    for kind, texts in DIRTY.items()
    if kind not in ("mixed", "flagged")
} | {("mixed", kind): count for kind, count in MIXED.items()}
SHARES = {("mixed", "us_ssn"): 0.5, ("mixed", "email"): 0.25}


def found(rows: list[dict[str, Any]]) -> dict[tuple[str, str], int]:
    return {(row["column_name"], row["kind"]): row["how_many"] for row in rows}


def test_each_kind_is_found_in_its_column_and_no_other(site: Lab) -> None:
    rows = site.failures("dirty_all")
    assert found(rows) == EXPECTED
    shares = {(row["column_name"], row["kind"]): row["share_of_rows"] for row in rows}
    assert shares == dict.fromkeys(EXPECTED, 1.0) | SHARES
    assert {name for row in rows for name in row} == {
        "column_name",
        "kind",
        "how_many",
        "share_of_rows",
    }


def test_nothing_is_found_where_there_is_nothing(site: Lab) -> None:
    assert site.failures("clean_all") == []


def test_dbt_says_so(site: Lab) -> None:
    results = {name: result["status"] for name, result in site.results().items()}
    assert results["clean_all"] == "pass"
    assert results["dirty_all"] == "warn"


def test_arguments_choose_columns_and_what_is_allowed(site: Lab) -> None:
    assert found(site.failures("dirty_columns")) == {("email", "email"): 3}
    allowed = {pair: n for pair, n in EXPECTED.items() if pair[1] != "email"}
    del allowed["mixed", "us_ssn"]
    assert found(site.failures("dirty_allowed")) == allowed
    many = {pair: n for pair, n in EXPECTED.items() if n >= 3}
    assert found(site.failures("dirty_many")) == many
    half = {pair: n for pair, n in EXPECTED.items() if SHARES.get(pair, 1) >= 0.5}
    assert found(site.failures("dirty_share")) == half
    assert found(site.failures("dirty_where"))["us_ssn", "us_ssn"] == 1


def test_rows_are_counted_and_texts_looked_at_once(site: Lab) -> None:
    with site.changed("insert into dirty (row_number, card) select 99, card from dirty"):
        assert found(site.failures("dirty_all"))["card", "card"] == 2 * EXPECTED["card", "card"]


def test_the_sql_is_no_wider_than_a_screen(site: Lab) -> None:
    wide = [line for line in site.test("dirty_all").splitlines() if len(line) > 100]
    assert wide == []


def test_mistakes_in_the_arguments_are_named(site_duckdb: Lab) -> None:
    site = site_duckdb
    properties = site.project / "models" / "models.yml"
    before = properties.read_text()
    properties.write_text(
        before.replace('"columns": ["email", "row_number"]', '"columns": ["emial"]').replace(
            '"mixed:us_ssn"', '"mixed:ssn"'
        )
    )
    try:
        env = site.env | parsed_apart(site, "mistakes")
        select = ("--select", "dirty_columns", "dirty_allowed")
        run = dbt("test", *select, project=site.project, env=env, check=False)
    finally:
        properties.write_text(before)
    assert run.returncode == 1
    text = " ".join(run.stdout.split())
    assert "there is no column 'emial'; there are row_number, email, phone" in text
    assert "allow names 'ssn', which is no kind; kinds are email, phone" in text
