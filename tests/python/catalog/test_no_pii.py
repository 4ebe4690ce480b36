"""Personal data is found by its shape, on both warehouses, and nothing else is."""

from typing import Any

import pytest

from catalog.conftest import parsed_apart
from catalog.texts import DIRTY, MIXED
from harness.host import Built

EXPECTED = {
    (kind, kind): sum(text is not None for text in texts)
    for kind, texts in DIRTY.items()
    if kind not in ("mixed", "flagged")
} | {("mixed", kind): count for kind, count in MIXED.items()}
SHARES = {("mixed", "us_ssn"): 0.6, ("mixed", "email"): 0.4}


def found(rows: list[dict[str, Any]]) -> dict[tuple[str, str], int]:
    return {(row["column_name"], row["kind"]): row["how_many"] for row in rows}


def test_each_kind_is_found_in_its_column_and_no_other(site: Built) -> None:
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


def test_nothing_is_found_where_there_is_nothing(site: Built) -> None:
    assert site.failures("clean_all") == []


def test_dbt_says_so(site: Built) -> None:
    results = {name: result["status"] for name, result in site.results().items()}
    assert results["clean_all"] == "pass"
    assert results["dirty_all"] == "warn"


def test_arguments_choose_columns_and_what_is_allowed(site: Built) -> None:
    assert found(site.failures("dirty_columns")) == {("email", "email"): 3}
    allowed = {pair: n for pair, n in EXPECTED.items() if pair[1] != "email"}
    del allowed["mixed", "us_ssn"]
    assert found(site.failures("dirty_allowed")) == allowed
    many = {pair: n for pair, n in EXPECTED.items() if n >= 3}
    assert found(site.failures("dirty_many")) == many
    half = {pair: n for pair, n in EXPECTED.items() if SHARES.get(pair, 1) >= 0.5}
    assert found(site.failures("dirty_share")) == half
    assert found(site.failures("dirty_where"))["us_ssn", "us_ssn"] == 1


def test_rows_are_counted_and_texts_looked_at_once(site: Built) -> None:
    with site.changed("insert into dirty (row_number, card) select 99, card from dirty"):
        assert found(site.failures("dirty_all"))["card", "card"] == 2 * EXPECTED["card", "card"]


def test_the_sql_is_no_wider_than_a_screen(site: Built) -> None:
    wide = [line for line in site.test("dirty_all").splitlines() if len(line) > 100]
    assert wide == []


@pytest.mark.dbt_1
def test_mistakes_in_the_arguments_are_named(site_duckdb: Built) -> None:
    site = site_duckdb
    properties = site.project / "models" / "models.yml"
    before = properties.read_text()
    properties.write_text(
        before.replace('"columns": ["email", "row_number"]', '"columns": ["emial"]').replace(
            '"mixed:us_ssn"', '"mixed:ssn"'
        )
    )
    try:
        select = ("--select", "dirty_columns", "dirty_allowed")
        env = {"DBT_TARGET_PATH": parsed_apart(site, "mistakes")}
        said = site.dbt("test", *select, code=1, env=env)
    finally:
        properties.write_text(before)
    text = " ".join(said.split())
    assert "there is no column 'emial'; there are row_number, email, phone" in text
    assert "allow names 'ssn', which is not a kind; kinds are email, phone" in text


BEGIN = "(?:^|[^0-9A-Za-z+.-])"
END = "(?:[^0-9A-Za-z.-]|[.-][^0-9A-Za-z]|[.-]$|$)"
MISTAKES = (
    ("0246813579", "0123456789"),  # nothing is doubled
    ("% 10 = 0", "% 10 < 10"),  # any number is a card
    ("then 2 else 0", "then 20 else 0"),  # and so is one in ten
    (BEGIN, ""),
    (BEGIN, "(?:^|[^0-9A-Za-z+-])"),
    (BEGIN, "(?:^|[^0-9A-Za-z+.])"),
    (BEGIN, "(?:^|[^0-9+.-])"),
    (END, "(?:[^0-9]|$)"),
    (END, "(?:[^0-9A-Za-z.-]|$)"),
    ("66[0-57-9]", "66[0-9]"),
    ("[1-578][0-9]{2}", "[1-9][0-9]{2}"),
    ("-(?:[1-9][0-9]|0[1-9])", "-[0-9]{2}"),
    ("00[1-9][0-9]|000[1-9]", "00[0-9]{2}"),
    ("[2-9][0-9]{2}[ .-])", "[0-9]{3}[ .-])"),
    ("[A-Za-z][A-Za-z]+", "[A-Za-z]*"),
    ("(?:[0-9A-Za-z-]+[.])+", "(?:[0-9A-Za-z-]+[.])*"),
    ("[+][1-9]", "[+]?[1-9]"),
    ("|6011|", "|"),
    ("35[2-8][0-9]", "35[01][0-9]"),
    ("3[47]", "3[0]"),
    ("2[2-7]", "2[3-7]"),
    ("is not null", "is not null and 1 = 0"),
    ("sum(how_many)", "count(*)"),
)


def test_each_mistake_is_noticed(site: Built) -> None:
    """The expected rows tell the expressions from others that are nearly the same."""
    right = [site.test("dirty_all"), site.test("clean_all")]
    expected, unnoticed = _rows(site, right), []
    for part, other in MISTAKES:
        wrong = [query.replace(part, other) for query in right]
        assert wrong != right, part
        if _rows(site, wrong) == expected:
            unnoticed.append((part, other))
    assert unnoticed == []


def _rows(site: Built, queries: list[str]) -> list[list[dict[str, Any]]]:
    return [sorted(site.records(query), key=str) for query in queries]
