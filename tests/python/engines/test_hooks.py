"""What differs by engine stands in one file for each, in SQL and in Python.

Words are searched for here; that a third engine works is proved by building on one.
"""

import ast
import re
from pathlib import Path

import pytest

from harness.support import ROOT

MACROS = ROOT / "macros"
ENGINES = MACROS / "internal" / "engines"
HOOKS = ENGINES / "_hooks.sql"
PYTHON = ROOT / "python" / "feature_warehouse"

DIALECT = re.compile(
    r"isfinite|bool_or|(?<!local_)(?<!\._)md5\(|groups between|double precision|epoch_us"
    r"|adapter\.(type|dispatch)|(==|!=) target\.type|target\.type (==|!=|in\b|not in\b)"
    r"|[\"'](duckdb|postgres)[\"']",
    re.IGNORECASE,
)
"""Words of one engine's SQL, and questions of an engine's name."""

ALLOWED = {
    "feature_views/check_declarations.sql": {
        "{%- if (engine or {}).get('adapter') != target.type -%}": "refuses any engine by its name"
    },
    "internal/declarations/_window_type_mistakes.sql": {
        "~ \"'type': 'double precision'\"]) }}": "a message names a type that all engines have",
        "~ \"'type': 'bigint', 'numeric(28,2)' or 'double precision'\"]) }}": "a message likewise",
    },
    "internal/on_demand/_types.sql": {
        "'double precision': 'double', 'real': 'double', 'text': 'text', 'boolean': 'boolean',": (
            "names that a type may have in declarations, on any engine"
        ),
        "{{ return({'integer': 'bigint', 'double': 'double precision'}.get(type, type)) }}": (
            "names that each engine takes in a contract"
        ),
    },
    "internal/sql/_literals.sql": {
        "{%- set wide = ['integer', 'int', 'bigint', 'double precision', 'double', 'float', 'real']"
        " -%}": "names that a type may have in declarations, on any engine"
    },
    "internal/windows/_window_numbers.sql": {
        "'numeric', 'decimal', 'double precision', 'float8', 'float'": "names of types likewise",
        "'double precision', 'double', 'float8'": "names of types likewise",
    },
}
"""Lines that may hold such a word, by file, and why."""


def macros_of(file: Path) -> list[str]:
    return re.findall(r"{%-? macro (\w+)\(", file.read_text())


def hooks() -> set[str]:
    found = re.findall(r"adapter\.dispatch\('(\w+)', 'feature_warehouse'\)", HOOKS.read_text())
    assert len(found) == len(set(found)) > 20
    return set(found)


def engines() -> list[str]:
    return sorted(file.stem for file in ENGINES.glob("[!_]*.sql"))


READ = ("duckdb", "postgres", "spark")
"""Those that Python reads too."""

DERIVED = {"databricks": "spark"}
"""Adapters that dbt derives from another, whose answers they have but for their own."""


def test_an_engine_is_a_file_of_macros_and_if_it_is_read_a_module() -> None:
    assert engines() == sorted((*READ, *DERIVED, "snowflake"))
    assert [name for name in engines() if (PYTHON / "engines" / f"{name}.py").is_file()] == [*READ]


@pytest.mark.parametrize("engine", engines())
def test_an_engine_answers_every_question_and_says_nothing_else(engine: str) -> None:
    answers = macros_of(ENGINES / f"{engine}.sql")
    assert len(answers) == len(set(answers))
    questions = {f"{engine}__{hook}" for hook in hooks()}
    if engine in DERIVED:
        assert DERIVED[engine] in engines()
        assert {f"{engine}___engine", f"{engine}___unsupported"} <= set(answers) < questions
    else:
        assert set(answers) == questions


@pytest.mark.parametrize("engine", engines())
def test_answers_are_called_by_their_questions_only(engine: str) -> None:
    """Nor does one engine borrow another's."""
    callers = [file for file in MACROS.rglob("*.sql") if f".{engine}___" in file.read_text()]
    assert callers == []


def test_questions_are_asked_in_one_file() -> None:
    asking = {file for file in MACROS.rglob("*.sql") if "adapter.dispatch" in file.read_text()}
    assert asking == {HOOKS}
    # What an engine without answers is asked has one; the rest fails by the adapter's name.
    defaults = [name for name in macros_of(HOOKS) if name.startswith("default__")]
    assert defaults == ["default___engine"]


def test_no_other_macro_speaks_an_engines_language() -> None:
    found: dict[str, set[str]] = {}
    for file in MACROS.rglob("*.sql"):
        lines = {line.strip() for line in file.read_text().splitlines() if DIALECT.search(line)}
        if lines and file.parent != ENGINES:
            found[str(file.relative_to(MACROS))] = lines
    assert found == {name: set(lines) for name, lines in ALLOWED.items()}


def test_no_other_module_names_an_engine() -> None:
    """So none can compare one: no text is an adapter's name."""
    names = {*engines(), "postgresql", "redshift"}
    found = [
        f"{file.relative_to(PYTHON)}:{node.lineno} {node.value!r}"
        for file in PYTHON.rglob("*.py")
        if file.parent != PYTHON / "engines"
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and str(node.value).lower() in names
    ]
    assert found == []
