"""What a window view declares by itself, and what dbt builds of it."""

import re
from pathlib import Path

import pytest

from conftest import ServerOf
from feature_warehouse.declarations.registry import read_registry
from harness.engines import ENGINES, quote
from harness.host import Host, compiled, macro_call, write_host
from windows.growing import GROWING, Site
from windows.oracle import View
from windows.shapes import VIEWS


@pytest.mark.parametrize("view", VIEWS + GROWING, ids=lambda view: view.name)
def test_columns_have_the_types_that_the_registry_says(built: Site, view: View) -> None:
    declared = read_registry(built.full / "manifest.json").views[view.name]
    columns = [*declared.join_keys, declared.event_timestamp, *declared.features]
    casts = ", ".join(f"cast(null as {one.data_type}) as {quote(one.name)}" for one in columns)
    found = built.engine.columns(f"select * from ({compiled(built.full, view.name)}) as made")
    bookkeeping = 1 if view.materialized == "incremental" else 0
    assert found[: len(found) - bookkeeping] == built.engine.columns(f"select {casts}")
    assert [one.name for one in declared.features] == [name for _, _, name in view.features]
    counts = {name for a, _, name in view.features if a.function.startswith("count")}
    assert {one.name for one in declared.features if one.default == 0} == counts
    assert all(one.default is None for one in declared.features if one.name not in counts)
    assert all(one.description.endswith(".") for one in declared.features)


ORDERS = """
select buyer, ordered_at, price from (values
    (cast(1 as bigint), timestamp '2026-01-01 00:00:00', 10),
    (1, timestamp '2026-01-01 12:00:00', 20),
    (1, timestamp '2026-01-02 12:00:00', 40),
    (2, timestamp '2026-01-01 06:00:00', 80)
) as orders (buyer, ordered_at, price)
where ordered_at < timestamp '{{ env_var("UNTIL") }}'
"""
BUYERS = """{{ config(materialized='incremental', persist_docs={'columns': true}) }}
""" + macro_call(
    "window_features(events=ref('orders'), join_keys=['buyer'], event_timestamp='ordered_at',"
    " aggregates=[{'sum': 'price', 'as': 'spent', 'type': env_var('SPENT_TYPE', '') or none},"
    " {'count': '*', 'where': 'price > 15', 'as': 'dear', 'description': 'Dear orders'}],"
    " where='true' if target.type == 'duckdb' else"
    " \"current_setting('enable_nestloop') = 'off'\","
    " windows=['1 day'] + ([env_var('MORE_WINDOWS')] if env_var('MORE_WINDOWS', '') else []))"
)
CHANGES = {
    ("MORE_WINDOWS", "7 days"): "those of its table ('spent_7d' is new, 'dear_7d' is new)",
    ("SPENT_TYPE", "double precision"): "those of its table ('spent_1d' is double",
}
VISITS = """
select buyer, seen_at, loaded_at, place from (values
    (cast(1 as bigint), timestamp '2026-01-01 00:00:00', timestamp '2026-01-01 10:00:00', 'a'),
    (1, timestamp '2026-01-03 00:00:00', timestamp '2026-01-01 09:59:59', 'b'),
    (2, timestamp '2026-01-03 00:00:00', null, 'c'),
    (2, timestamp '2026-01-04 00:00:00', timestamp '2026-01-04 00:00:00', 'd')
) as visits (buyer, seen_at, loaded_at, place)
where seen_at < timestamp '{{ env_var("UNTIL") }}'
"""
"""The second lands with an older load time than a build has seen."""
LABELS = """
select * from (values
    (1, cast(1 as bigint), timestamp '2026-01-01 11:59:59.999999'),
    (2, 1, timestamp '2026-01-01 12:00:00'),
    (3, 1, timestamp '2026-01-02 00:00:00'),
    (4, 1, timestamp '2026-01-02 12:00:00'),
    (5, 1, timestamp '2026-01-03 12:00:00'),
    (6, 2, timestamp '2026-01-01 05:00:00'),
    (7, 3, timestamp '2026-01-01 05:00:00'),
    (8, null, timestamp '2026-01-01 05:00:00')
) as labels (n, buyer, seen_at)
"""
TRAINING = [(1, 10, 0), (2, 30, 1), (3, 20, 1), (4, 40, 1), (5, None, 0)]
NOBODY = [(6, None, 0), (7, None, 0), (8, None, 0)]


@pytest.mark.parametrize("engine", ENGINES)
def test_dbt_builds_grows_and_joins_a_window_view(
    engine: str, tmp_path: Path, server_of: ServerOf
) -> None:
    """A leg lands exactly at t, another leaves exactly at t; who never ordered counts 0."""
    price = "{{ env_var('PRICE', 'integer') }}"
    columns = {"buyer": "bigint", "ordered_at": "timestamp", "price": price}
    labels = {
        "name": "labels",
        "config": {"contract": {"enforced": True}, "meta": {"label_set": {"timestamp": "seen_at"}}},
        "columns": [
            {"name": name, "data_type": type_}
            for name, type_ in {"n": "integer", "buyer": "bigint", "seen_at": "timestamp"}.items()
        ],
    }
    orders = {
        "name": "orders",
        "columns": [{"name": n, "data_type": t} for n, t in columns.items()],
    }
    buyers = {
        "name": "buyers",
        "columns": [{"name": "spent_1d", "description": "As YAML says."}],
        "data_tests": [
            {
                "feature_warehouse.nothing_lost": {
                    "arguments": {"compare_to": "ref('orders')"},
                    "config": {"enabled": "{{ env_var('UNTIL') == 'never' }}"},
                }
            }
        ],
    }
    history = {
        "name": "visit_history",
        "config": {
            "contract": {"enforced": True},
            "meta": {
                "feature_view": {
                    "join_keys": ["buyer"],
                    "event_timestamp": "seen_at",
                    "created_timestamp": "loaded_at",
                }
            },
        },
        "data_tests": [
            {
                "feature_warehouse.nothing_lost": {
                    "arguments": {"compare_to": "ref('visits')"},
                    "config": {"severity": "warn", "store_failures": True, "alias": "lost"},
                }
            }
        ],
        "columns": [
            {"name": "buyer", "data_type": "bigint"},
            {"name": "seen_at", "data_type": "timestamp"},
            {"name": "loaded_at", "data_type": "timestamp"},
            {"name": "place", "data_type": "text"},
        ],
    }
    models = {
        "visits": VISITS,
        "visit_history": macro_call("append_only('visits')"),
        "orders": ORDERS,
        "buyers": BUYERS,
        "labels": LABELS,
        "training": macro_call("training_set(labels='labels', features=['buyers'])"),
    }
    project = write_host(tmp_path / f"grown_{engine}", models, [labels, orders, buyers, history])
    host = Host(project, engine, server_of(engine))
    schema = host.schema

    def build(until: str, *more: str) -> list[tuple[object, ...]]:
        # Variables of dbt would make it parse everything again.
        host.dbt("build", *more, env={"UNTIL": until})
        return host.ask("select * from buyers order by 1, 2")

    def lost() -> list[tuple[object, ...]]:
        return host.ask(f"select place, problem from {schema}_dbt_test__audit.lost")

    first = build("2026-01-02")
    assert lost() == []
    grown = build("2026-01-09")
    assert lost() == [("b", "it is in visits and not here")]
    assert len(first) == 6
    assert grown == build("2026-01-09")
    assert grown == build("2026-01-09", "--full-refresh")
    assert lost() == []
    assert_changes_are_refused(host)
    refused = host.dbt("test", "-s", "buyers", code=1, env={"UNTIL": "never"})
    assert "'buyers' is a window view, and each of its builds finds" in refused
    lying = {"UNTIL": "2026-01-09", "PRICE": "numeric(8,2)"}
    lied = host.dbt("run", "-s", "buyers", code=1, env=lying)
    assert re.search(
        "'price' of .* is declared as numeric.8,2. and is integer;", lied, re.IGNORECASE
    )
    answers = host.ask("select n, spent_1d, dear_1d from training order by n")
    assert answers == TRAINING + NOBODY
    assert host.ask(COMMENTS[engine].format(schema=schema)) == [
        ("dear_1d", "Dear orders over the last 1 day."),
        (
            "events_entered",
            "How many events enter here, by which the next build finds those that it lacks.",
        ),
        ("spent_1d", "As YAML says."),
    ]


def assert_changes_are_refused(host: Host) -> None:
    for (name, value), said in CHANGES.items():
        other = {"UNTIL": "2026-01-09", name: value}
        assert said in host.dbt("run", "-s", "buyers", code=1, env=other).lower()


COMMENTS = {
    "duckdb": "select column_name, comment from duckdb_columns() where comment is not null"
    " and schema_name = '{schema}' and table_name = 'buyers' order by 1",
    "postgres": "select attname::text, description from pg_description join pg_attribute"
    " on objoid = attrelid and objsubid = attnum where objoid = '{schema}.buyers'::regclass"
    " order by 1",
}


@pytest.mark.dbt_1
@pytest.mark.parametrize("engine", ENGINES)
def test_a_table_is_compiled_without_a_warehouse(engine: str, tmp_path: Path) -> None:
    """Only an incremental model asks whether its table is there.

    dbt 2 connects for the hook that checks declarations, whatever it is told.
    """
    view = (
        "window_features(events=ref('orders'), join_keys=['buyer'], event_timestamp='ordered_at',"
        " aggregates=[{'count': '*'}], windows=['1 day'])"
    )
    columns = {"buyer": "bigint", "ordered_at": "timestamp"}
    orders = {
        "name": "orders",
        "config": {
            "contract": {"enforced": True},
            "meta": {"label_set": {"timestamp": "ordered_at"}},
        },
        "columns": [{"name": n, "data_type": t} for n, t in columns.items()],
    }
    models = {
        "orders": "select cast(1 as bigint) as buyer, timestamp '2026-01-01' as ordered_at",
        "buyers": "{{ config(materialized='table') }}\n" + macro_call(view),
        "training": macro_call("training_set(labels='orders', features=['buyers'])"),
    }
    nowhere = {f"FEATURE_WAREHOUSE_PG_{name}": "1" for name in ("HOST", "PORT", "USER", "PASSWORD")}
    host = Host(write_host(tmp_path / "blind", models, [orders]), engine, None, **nowhere)
    host.dbt("compile", "--no-introspect", "--no-populate-cache")
    assert "count_1d" in host.compiled("training")
    assert not Path(host.env["FEATURE_WAREHOUSE_DUCKDB_PATH"]).exists()
