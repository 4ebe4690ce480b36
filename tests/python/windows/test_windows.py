"""Law 4.4: compiled SQL against the law as a loop, on colliding random events."""

import pytest

from pit.engines import ZONE
from windows.growing import Site
from windows.law import View
from windows.proof import prove
from windows.shapes import VIEWS

SLICE = range(2)
LONG = range(2, 60)

every_view = pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)


@every_view
def test_a_window_is_what_the_law_says(built: Site, view: View) -> None:
    prove(built.engine, built.full, view, SLICE)


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "UTC"])
@pytest.mark.parametrize("name", ["plain", "late", "everybody", "days"])
def test_a_window_is_the_same_in_every_time_zone(built: Site, name: str, zone: str) -> None:
    [view] = [view for view in VIEWS if view.name == name]
    built.engine.ask(f"set time zone '{zone}'")
    prove(built.engine, built.full, view, SLICE[:1])
    built.engine.ask(f"set time zone '{ZONE}'")


@pytest.mark.long
@every_view
def test_a_window_is_what_the_law_says_in_many_cases(built: Site, view: View) -> None:
    prove(built.engine, built.full, view, LONG)
