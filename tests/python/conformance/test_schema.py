"""What is said of a schema that is taken, refused or left; dbt's answers are made up."""

import json
from pathlib import Path
from subprocess import CompletedProcess
from types import SimpleNamespace
from typing import Any

import pytest

from feature_warehouse.conformance.declared import Column
from feature_warehouse.conformance.warehouse import Schema
from feature_warehouse.errors import BusyError, UnreachableError, UsageError

BEGUN: dict[str, Any] = {
    "foreign": [],
    "removed": [],
    "dbt": "1.11.0",
    "adapter": "duckdb",
    "engine": None,
    "no_growth": None,
    "has_lookups": False,
    "has_zones": True,
    "types": {"bigint": "bigint"},
}
WHAT = "schema 'proof' of target 'dev'"


class Dbt:
    """A project whose dbt gives one answer after another, or raises it."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        credentials = SimpleNamespace(password="hidden")
        self.profile = SimpleNamespace(target="dev", credentials=credentials)

    def run_elsewhere(
        self, _folder: Path, *work: str, env: dict[str, str]
    ) -> "CompletedProcess[str]":
        del env
        self.asked.append(work[1])
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        lines = answer if isinstance(answer, list) else [answer]
        said = "\n".join(
            line if isinstance(line, str) else f"fwc:{json.dumps(line)}" for line in lines
        )
        return CompletedProcess(work, 0 if isinstance(lines[-1], dict) else 1, said, "")


def schema_of(dbt: Any, folder: Path) -> Schema:
    return Schema(dbt, folder, "proof")


def ended(left: list[str], *, is_empty: bool = False) -> dict[str, Any]:
    return {"left": left, "is_empty": is_empty}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (ended([]), None),
        (ended(["theirs", "also"]), f"{WHAT} stays, for others have put there: also, theirs"),
        (
            "Database Error\n  no right to drop, hidden",
            f"{WHAT} was not removed (Database Error no right to drop, ***); drop it, or run the"
            " command again",
        ),
        (KeyboardInterrupt(), f"{WHAT} was not removed; drop it, or run the command again"),
    ],
)
def test_what_cannot_be_removed_is_named(answer: Any, said: str | None, tmp_path: Path) -> None:
    dbt = Dbt(BEGUN, answer)
    schema = schema_of(dbt, tmp_path)
    schema.begin()
    assert schema.end() == said
    assert dbt.asked == ["fwc_begin", "fwc_end"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (ended([]), None),
        (
            ended([], is_empty=True),
            f"{WHAT} is empty, and may have been made by this run; drop it if so",
        ),
        ("Database Error\n  gone", None),
    ],
)
def test_a_beginning_that_is_cut_off_is_undone(
    answer: Any, said: str | None, tmp_path: Path
) -> None:
    dbt = Dbt(KeyboardInterrupt(), answer)
    schema = schema_of(dbt, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        schema.begin()
    assert schema.end() == said


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (
            "Database Error\n  permission denied",
            UnreachableError,
            "'proof': permission denied; use",
        ),
        ("Runtime Error\n  IO Error: read-only", UnreachableError, "IO Error: read-only; use"),
        ("Database Error\n  connection refused", UnreachableError, "does not let dbt in"),
        ("Runtime Error\n  Could not set lock on file", BusyError, "open in another process"),
        ("'feature_warehouse' is undefined", UsageError, "no package feature_warehouse"),
        ("feature_warehouse: the adapter 'x' is not supported", UsageError, "the adapter 'x'"),
        ({**BEGUN, "foreign": ["b", "a"]}, UsageError, "has made (a, b); name another with"),
    ],
)
def test_why_a_schema_is_not_made(
    answer: Any, error: type[Exception], said: str, tmp_path: Path
) -> None:
    schema = schema_of(Dbt(answer), tmp_path)
    with pytest.raises(error) as caught:
        schema.begin()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_another_run_that_took_the_schema_is_left_alone(tmp_path: Path) -> None:
    dbt = Dbt(BEGUN, [{"run_id": "another"}, {"relation": "fwc_x", "rows": []}])
    schema = schema_of(dbt, tmp_path)
    schema.begin()
    with pytest.raises(BusyError, match="another conformance run has taken schema 'proof'"):
        schema.read({"fwc_x": [Column("a", "text")]}, {"bigint": "bigint"}, remove=True)
    assert schema.end() is None
    assert dbt.asked == ["fwc_begin", "fwc_read"]


def test_a_relation_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    dbt = Dbt(BEGUN)
    schema = schema_of(dbt, tmp_path)
    schema.begin()
    own = {"run_id": schema.run_id}
    dbt.answers = [
        [own, {"relation": "fwc_a", "rows": [["1"]]}, "Database Error\n  division by zero"],
        [own, {"relation": "fwc_c", "rows": []}, ended([])],
    ]
    relations = {name: [Column("x", "bigint")] for name in ("fwc_a", "fwc_b", "fwc_c")}
    reading = schema.read(relations, {"bigint": "bigint"}, remove=True)
    assert reading.rows == {"fwc_a": [["1"]], "fwc_c": []}
    assert reading.refused == {"fwc_b": "Database Error division by zero"}
    # All is removed by then.
    assert schema.end() is None
    assert dbt.answers == []
