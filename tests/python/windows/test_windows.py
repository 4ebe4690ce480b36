"""Rule 4: compiled SQL against the rule as a loop, on colliding random events."""

from contextlib import closing

import pytest

from harness.engines import ZONE, PostgreSQL
from harness.host import compiled
from harness.older_postgres import dictionary_postgres, older_servers
from windows.growing import Site
from windows.oracle import View
from windows.proof import create_events, prove
from windows.shapes import VIEWS

SLICE = range(2)
LONG = range(2, 60)

every_view = pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)


@every_view
def test_a_window_is_what_the_rules_say(built: Site, view: View) -> None:
    prove(built.engine, built.full, view, SLICE)


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "UTC"])
@pytest.mark.parametrize("name", ["plain", "late", "everybody", "days"])
def test_a_window_is_the_same_in_every_time_zone(built: Site, name: str, zone: str) -> None:
    [view] = [view for view in VIEWS if view.name == name]
    built.engine.ask(f"set time zone '{zone}'")
    prove(built.engine, built.full, view, SLICE[:1])
    built.engine.ask(f"set time zone '{ZONE}'")


def test_a_text_breaks_ties_by_its_bytes(built: Site) -> None:
    """Whatever the collation of the database, where a server knows one."""
    [view] = [view for view in VIEWS if view.name == "told_by_text"]
    assert 'collate "C"' in compiled(built.full, view.name)
    if built.engine.name == "duckdb":
        built.engine.ask("set default_collation = 'nocase'")
        prove(built.engine, built.full, view, SLICE)
        built.engine.ask("reset default_collation")
    for folder in older_servers().values() if built.engine.name == "postgres" else ():
        with (
            dictionary_postgres(folder) as server,
            closing(PostgreSQL(server.uri, "windows")) as engine,
        ):
            create_events(engine)
            prove(engine, built.full, view, SLICE)


@pytest.mark.long
@every_view
def test_a_window_is_what_the_rules_say_in_many_cases(built: Site, view: View) -> None:
    prove(built.engine, built.full, view, LONG)
