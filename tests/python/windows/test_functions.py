"""The names of the aggregates: one list in three places, and an error for any other name.

The macros are rendered by Jinja alone: dbt would refuse the name long before.
"""

import re
from types import SimpleNamespace
from typing import Any, get_args

import jinja2
import pytest

from feature_warehouse.declarations import window_views
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.errors import UsageError
from harness.mini import SCORES, Mini
from harness.support import ROOT
from windows.oracle import Aggregate, View, value
from windows.shapes import COLUMNS, VIEWS

MACROS = ROOT / "macros/internal"


def fail(place: str, mistakes: list[str]) -> None:
    raise UsageError(f"{place}: {mistakes[0]}")


def macro(file: str, name: str) -> Any:
    package = SimpleNamespace(_fail=fail)
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=True)
    # A template exports no name that begins with an underscore.
    text = f"{(MACROS / file).read_text()}{{% set exported = {name} %}}"
    module: Any = environment.from_string(text, globals={"feature_warehouse": package}).module
    return module.exported


def test_the_names_are_the_same_in_the_macros_in_python_and_in_the_proofs() -> None:
    text = (MACROS / "windows/_window_aggregates.sql").read_text()
    body = text.partition("macro _window_functions(")[2].partition("endmacro")[0]
    names = set(re.findall(r"'(\w+)': '", body))
    assert len(names) == 10
    assert names == set(get_args(window_views._Function))
    assert names == {one.function for view in VIEWS for one in view.aggregates}


@pytest.mark.parametrize(("features", "told"), [(29, ""), (30, "up to 5 rows of 30 features for")])
def test_a_large_view_is_told_of_before_it_is_built(features: int, told: str) -> None:
    """With an entry and four leaves an event."""
    plan = {"enters": {0: "in"}, "leaves": dict.fromkeys(range(4)), "features": range(features)}
    said = str(macro("windows/_window_features.sql", "_large_window")(plan)).strip()
    assert said.startswith(told)
    assert bool(said) is bool(told)


@pytest.mark.parametrize(
    "page",
    [
        "docs/how-to/windows.md",
        "docs/reference/declarations.md",
        "macros/window_features/_macros.yml",
    ],
)
def test_the_documentation_lists_every_name(page: str) -> None:
    """In one sentence, as words or as code."""
    text = " ".join((ROOT / page).read_text().split())
    names = set(get_args(window_views._Function))
    assert any(names <= set(re.findall(r"\w+", sentence)) for sentence in text.split(". "))


def test_a_name_that_no_macro_computes_is_an_error() -> None:
    aggregate = SimpleNamespace(function="median", type="integer")
    with pytest.raises(UsageError, match="nothing computes the aggregate 'median'"):
        macro("windows/_window_states.sql", "_window_value")(
            SimpleNamespace(types={}), SimpleNamespace(aggregate=aggregate, window=None)
        )


def test_a_name_without_a_type_is_an_error() -> None:
    with pytest.raises(UsageError, match="the aggregate 'median' has no type"):
        macro("declarations/_window_types.sql", "_aggregate_type")("median", "integer")


def test_a_name_of_another_version_is_an_error(mini: Mini) -> None:
    column = {"name": "x_1d", "description": "", "function": "median", "of": "x", "type": None}
    window = {"events": "events", "join_keys": {"id": "id"}, "timestamp": "ts"}
    mini.view("windowed", SCORES, window={**window, "columns": [column]})
    with pytest.raises(UsageError, match=r"what this version of the package writes .*'median'"):
        read_registry(mini.write())


def test_a_name_that_the_oracle_does_not_know_is_an_error() -> None:
    aggregate = Aggregate(asked={"median": "i"}, stem="i_median", of=lambda event: event["i"])
    view = View(name="v", keys={}, event="ts", aggregates=[aggregate], windows=[])
    with pytest.raises(ValueError, match="no aggregate median"):
        value(view, aggregate, [dict.fromkeys(COLUMNS, 1)])
