"""PostgreSQL's plans where it guesses that one row comes of many, as it does of new tables."""

import json

from harness.host import compiled
from windows.growing import Site


def test_no_join_of_a_window_view_is_a_loop(built: Site) -> None:
    """A loop does the other side of the join again for each row, and is hours for a large load."""
    manifest = json.loads((built.incremental / "manifest.json").read_text())
    node = manifest["nodes"]["model.windows.grown_late"]
    hooks = [hook["sql"] for hook in node["config"]["pre-hook"]]
    if built.engine.name == "duckdb":
        assert hooks == []
        return
    query = compiled(built.incremental, "grown_late")
    few = "(select * from events limit 1) as events"
    events = '"postgres"."windows"."events"'
    assert query.count(events) == 1
    explain = "explain " + query.replace(events, few)
    assert "Nested Loop" in plan(built, [], explain), "the guess leads to loops by itself"
    assert "Nested Loop" not in plan(built, hooks, explain)


def plan(built: Site, hooks: list[str], explain: str) -> str:
    """What a build would do."""
    built.engine.ask("begin")
    for hook in hooks:
        built.engine.ask(hook)
    lines = [line for (line,) in built.engine.ask(explain)]
    built.engine.ask("rollback")
    return "\n".join(lines)
