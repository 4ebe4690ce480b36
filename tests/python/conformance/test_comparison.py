"""What counts as a difference, which case is shown, and what a report tells of it."""

import json
import math
import re
import struct
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from feature_warehouse.conformance.cases import make_cases
from feature_warehouse.conformance.compare import card_rows, compare, shown, value_of
from feature_warehouse.conformance.declared import Column
from feature_warehouse.conformance.expected import Check, Near, checks_of
from feature_warehouse.conformance.messages import in_one_line
from feature_warehouse.conformance.models import calls, growing
from feature_warehouse.conformance.point_in_time import available_at
from feature_warehouse.conformance.report import (
    Finding,
    Report,
    Shown,
    details,
    to_json,
    write_report,
)
from feature_warehouse.conformance.shapes import shapes
from harness.support import ROOT

COLUMNS = (Column("case_id", "bigint"), Column("a", "double"), Column("b", "near"))
SIZES = {1: 5, 2: 3, 3: 9}


def check(*rows: list[Any]) -> Check:
    return Check("joins", "fwc_x", COLUMNS, rows, (), leading=1)


def test_rows_agree_in_any_order_and_are_counted() -> None:
    near = Near(1.0, 1.0)
    rows: list[list[Any]] = [[1, 0.5, near], [1, 0.5, near], [2, None, Near(None, 0.0)]]
    found: list[list[Any]] = [[2, None, None], [1, 0.5, 1.0], [1, 0.5, 1.0]]
    assert compare(check(*rows), found, SIZES) is None
    for wrong in (found[:2], [*found, found[1]], [*found[:2], [1, 0.25, 1.0]]):
        assert compare(check(*rows), wrong, SIZES) is not None


@pytest.mark.parametrize(
    ("wanted", "got", "agrees"),
    [
        (0.0, -0.0, False),
        (math.nan, math.nan, True),
        (math.nan, None, False),
        (1.0, 1, False),
        (0.1, math.nextafter(0.1, 1), False),
    ],
)
def test_doubles_agree_to_the_bit(wanted: float, got: Any, agrees: bool) -> None:
    found = [[1, got, 1.0]]
    assert (compare(check([1, wanted, Near(1.0, 0.0)]), found, SIZES) is None) is agrees


@pytest.mark.parametrize(
    ("size", "got", "agrees"),
    [
        (0.0, 1.0 + 1e-13, True),
        (0.0, 1.0 + 1e-11, False),
        (1e3, 1.0 + 1e-10, True),
        (1e3, 1.0 + 1e-8, False),
        (0.0, None, False),
        (0.0, 1, False),
    ],
)
def test_sums_of_doubles_agree_by_their_size(size: float, got: Any, agrees: bool) -> None:
    found = [[1, 0.5, got]]
    assert (compare(check([1, 0.5, Near(1.0, size)]), found, SIZES) is None) is agrees


def test_the_smallest_case_that_differs_is_shown() -> None:
    rows = [[case, 0.5, Near(1.0, 1.0)] for case in (1, 2, 3)]
    found = [[1, 0.25, 1.0], [2, 0.5, 1.5], [3, 0.5, 1.0]]
    difference = compare(check(*rows), found, SIZES)
    assert difference is not None
    assert (difference.case, difference.cases) == (2, 2)
    # The column that tells nothing is left out.
    assert difference.missing == [{"case_id": "2", "b": "1.0"}]
    assert difference.unexpected == [{"case_id": "2", "b": "1.5"}]


def test_rows_of_no_case_differ() -> None:
    difference = compare(check(), [[None, 0.5, 1.0]], SIZES)
    assert difference is not None
    assert (difference.case, difference.missing) == (None, [])


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        (None, "bigint", None),
        ("9007199254740993", "bigint", 9007199254740993),
        ("1.50", "decimal", Fraction(3, 2)),
        ("12.000", "exact", 12),
        ("TRUE", "boolean", True),
        ("-1", "date", -86_400_000_000),
        ("-1", "timestamp", -1),
        (str(struct.unpack("<q", struct.pack("<d", -0.0))[0]), "double", -0.0),
        ("12", "text", "12"),
        ("infinity", "timestamp", "infinity"),
        ("NaN", "exact", "NaN"),
        ("yes", "boolean", "yes"),
    ],
)
def test_texts_are_read_as_values(text: str | None, kind: str, value: object) -> None:
    found = value_of(text, kind)
    assert (found, type(found)) == (value, type(value))
    if isinstance(value, float) and isinstance(found, float):
        assert math.copysign(1, found) == math.copysign(1, value)


def test_a_value_is_shown_as_a_person_reads_it() -> None:
    assert shown(None, "text") == "NULL"
    assert shown("", "text") == "''"
    assert shown(1, "timestamp") == "1970-01-01 00:00:00.000001"
    assert shown(86_400_000_000, "date") == "1970-01-02"
    assert shown(10**20, "timestamp") == "100000000000000000000"
    assert shown(Fraction(3, 2), "decimal") == "1.5"


def test_a_card_that_cannot_be_read_is_a_difference() -> None:
    for text in ("", "{}", None, '{"row_count": 1}'):
        [[name, said]] = card_rows([[text]])
        assert name == "card"
        assert "cannot be read" in str(said)
    assert card_rows([])[0][0] == "card"


CREDENTIALS = SimpleNamespace(
    type="postgres",
    host="db.example.com",
    password="s3cret",
    settings={"token": "t0ken"},
    attach=[{"path": "/data/x.db"}],
    schema="main",
    port=5432,
    dot=".",
    threads="4",
    pass_phrase="z",
)


def test_a_message_has_nothing_of_the_profile(tmp_path: Path) -> None:
    text = (
        f"Database Error in model x ({tmp_path}/models/x.sql)\n\n  host db.example.com, s3cret and"
        f" t0ken at /data/x.db in main of postgres 18.4, z\n  compiled code at {tmp_path}/x.sql\n"
    )
    assert in_one_line(text, tmp_path, CREDENTIALS) == (
        "Database Error in model x (/models/x.sql) host ***, *** and *** at *** in main of postgres"
        " 18.4, ***"
    )
    assert len(in_one_line("x" * 1000, tmp_path, CREDENTIALS)) < 500
    cyclic = SimpleNamespace(password="s3cret")
    cyclic.itself = [cyclic, {"again": cyclic}]
    assert in_one_line("a s3cret", tmp_path, cyclic) == "a ***"


FAILED = Finding("windows", "fwc_windows", "failed", 0, "no function stddev", "{{ call() }}")


def report(*findings: Finding) -> Report:
    return Report({"dbt": "1.11.0"}, 7, 20, 12.3, findings)


def test_a_model_that_is_not_built_is_no_agreement(tmp_path: Path) -> None:
    found = report(FAILED, Finding("joins", "fwc_set", "agrees", 4))
    assert not found.agrees
    content = json.loads(to_json(found))
    verdicts = {part["name"]: part["verdict"] for part in content["parts"]}
    assert (content["agrees"], content["seed"], content["cases"]) == (False, 7, 20)
    assert (verdicts["windows"], verdicts["joins"], verdicts["cards"]) == (
        "failed",
        "agrees",
        "skipped",
    )
    write_report(tmp_path / "report.md", found)
    text = (tmp_path / "report.md").read_text()
    assert "### fwc_windows\n\nIt was not built: no function stddev\n" in text
    assert "fwc_set" not in text
    assert report(Finding("published rows", "all views", "skipped", 0)).agrees


def test_a_difference_tells_declaration_rows_and_answers() -> None:
    difference = compare(check([2, 0.5, Near(1.0, 1.0)]), [], SIZES)
    table = Shown("fwc_events", '{"ttl": "1 hour"}', [{"k": "1|2"}], 3)
    finding = Finding(
        "joins", "fwc_x", "differs", 1, call="{{ x }}", difference=difference, shown=[table]
    )
    lines = "\n".join(details(finding))
    assert "1 case differs; the smallest is case 2." in lines
    assert '`fwc_events` {"ttl": "1 hour"}:\n\n| k |\n|---|\n| 1\\|2 |' in lines
    assert "and 3 more rows." in lines
    assert "By the rules there should be:\n\n| case_id | a | b |" in lines
    assert lines.rstrip().endswith("The warehouse gave instead nothing:")


def test_cases_are_the_same_each_time_and_have_what_is_to_be_proved() -> None:
    made = shapes()
    cases = make_cases(made, 60, seed=1)
    assert cases.tables == make_cases(made, 60, seed=1).tables
    assert cases.tables != make_cases(made, 60, seed=2).tables
    for view in made.views:
        rows = cases.tables[view.name]
        keys = [column.name for column in view.keys]
        moments = [view.event.name, *([view.created.name] if view.created else [])]
        facts = [tuple(row[name] for name in (*keys, *moments)) for row in rows]
        assert len(set(facts)) < len(facts), f"no ties in {view.name}"
        assert not keys or any(row[view.event.name] is None for row in rows)
        assert not keys or any(None in (row[name] for name in keys) for row in rows)
        labels = {(row["case_id"], row["asked_at"]) for row in cases.tables["fwc_labels"]}
        known = {(row.get("case_id"), available_at(view, row)) for row in rows}
        assert not keys or labels & known, f"no label at the bound of {view.name}"
    labelled = [tuple(row.values())[:-1] for row in cases.tables["fwc_labels"]]
    assert len(set(labelled)) < len(labelled)


def test_a_warehouse_without_incremental_models_is_asked_for_none() -> None:
    made = shapes(grows=False)
    assert growing(made) == []
    assert not [name for name, query in calls(made).items() if "incremental" in query]
    checks = list(checks_of(made, make_cases(made, 3, seed=1)))
    assert {check.relation for check in checks} == calls(made).keys()
    assert "growth" not in {check.part for check in checks}
    assert {"joins", "newest rows", "windows", "cards"} == {check.part for check in checks}


def test_every_aggregate_is_proved() -> None:
    text = (ROOT / "macros/internal/windows/_window_aggregates.sql").read_text()
    listed = text.partition("macro _window_functions()")[2].partition("endmacro")[0]
    for view in shapes(grows=False).windows:
        proved = {aggregate.function for aggregate in view.aggregates}
        assert proved == set(re.findall(r"'(\w+)': '", listed))
