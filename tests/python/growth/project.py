"""The host project `farm`, with a model for everything that grows."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from growth.views import GROWING, KEPT, PRICES, READINGS, STAMPED, Growing
from harness.host import macro_call, write_host
from point_in_time.declarations import Column, View
from point_in_time.project import INSTANTS

BEFORE = tuple(text for text, _ in INSTANTS)
"""The instants before which history is dropped."""

DAYS = ("--event-time-start", "2013-01-01", "--event-time-end", "2013-01-05")
BATCHES = {"incremental_strategy": "microbatch", "batch_size": "day", "begin": "2013-01-01"}

PEOPLE = (
    Column("id", "bigint"),
    Column("updated_at", "timestamp"),
    Column("seen_at", "timestamptz"),
    Column("city", "text"),
)
SNAPSHOTS: dict[str, dict[str, Any]] = {
    "ignored": {"strategy": "timestamp", "updated_at": "updated_at"},
    "invalidated": {
        "strategy": "timestamp",
        "updated_at": "updated_at",
        "hard_deletes": "invalidate",
    },
    "recorded": {
        "strategy": "timestamp",
        "updated_at": "updated_at",
        "hard_deletes": "new_record",
        "dbt_valid_to_current": "cast('9999-12-31' as timestamp)",
        "snapshot_meta_column_names": {
            "dbt_valid_from": "since",
            "dbt_valid_to": "until",
            "dbt_is_deleted": "is_gone",
        },
    },
    "checked": {"strategy": "check", "check_cols": ["city"], "hard_deletes": "invalidate"},
}
"""What dbt can do about deletions; a view `people_<name>` stands on each."""

HOOK = """
{% macro trouble() %}
    {%- if env_var('TROUBLE', '') == 'fail' -%}
        create temporary table trouble as
        select {{ "error('trouble')" if target.type == 'duckdb' else '1 / 0' }} as trouble
    {%- elif env_var('TROUBLE', '') == 'hang' -%}
        select sum(hash(one.range + other.range)) as trouble
        from range(1000000000) as one, range(1000000000) as other
    {%- endif -%}
{% endmacro %}
"""


def write_farm(folder: Path) -> Path:
    views = [growing.view for growing in GROWING]
    models = {growing.view.name: _growing_model(growing) for growing in GROWING}
    models |= {view.name: _stamped_model(view) for view in STAMPED}
    models |= {view.name: _empty_table(view.columns) for view in KEPT}
    models |= {
        "batched": _batched_model("loaded_at", "readings_by_load"),
        "batched_by_event": _batched_model("measured_at", "readings_by_event"),
        "unbatched_source": _batched_model("loaded_at", "raw_readings"),
        "graded": macro_call("append_only(source('raw', 'raw_readings'))"),
        "graded_prices": _stamped_model(PRICES),
        "drops": _drops(),
    }
    models |= {
        f"people_{name}": macro_call(f"snapshot_rows('snapshot_{name}')") for name in SNAPSHOTS
    }
    batched = [
        {**properties_of(READINGS.view), "name": name}
        for name in ("batched", "batched_by_event", "unbatched_source")
    ]
    people = [{**properties_of(people_view(name)), "name": f"people_{name}"} for name in SNAPSHOTS]
    properties = [properties_of(view) for view in (*views, *STAMPED, *KEPT)] + batched + people
    more = {"sources": _sources(), "snapshots": _snapshots(), "unit_tests": UNIT_TESTS}
    project = write_host(folder, models, properties, more)
    declare_graded(project)
    (project / "macros").mkdir()
    (project / "macros" / "trouble.sql").write_text(HOOK)
    return project


def declare_graded(project: Path, *new: Column) -> None:
    """The views whose columns change."""
    views = [
        replace(view, name=name, features=(*view.features, *new))
        for name, view in (("graded", READINGS.view), ("graded_prices", PRICES))
    ]
    content = {"version": 2, "models": [properties_of(view) for view in views]}
    (project / "models" / "graded.yml").write_text(json.dumps(content))


def people_view(name: str) -> View:
    """What stands over a snapshot: its own time is a TIMESTAMPTZ, dbt's are not."""
    return View(
        name=f"people_{name}",
        keys=(PEOPLE[0],),
        event=Column("as_from", "timestamp"),
        created=PEOPLE[2],
        features=(PEOPLE[3],),
    )


def properties_of(view: View) -> dict[str, Any]:
    block = {
        "join_keys": [key.name for key in view.keys],
        "event_timestamp": view.event.name,
        "created_timestamp": view.created.name if view.created else None,
        "availability_lag": view.lag.text if view.lag else None,
        "ttl": view.ttl.text if view.ttl else None,
        "tie_breaker": view.tie_breaker,
    }
    given = {name: value for name, value in block.items() if value is not None}
    properties: dict[str, Any] = {
        "name": view.name,
        "config": {"contract": {"enforced": True}, "meta": {"feature_view": given}},
        "columns": [_column(view, column) for column in view.columns],
    }
    if view.unique:
        # Never run: rows that tie are loaded only where nobody looks.
        test = {"feature_warehouse.unique_feature_rows": {"config": {"limit": 1}}}
        properties["data_tests"] = [test]
    return properties


def _column(view: View, column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "data_type": column.type,
        "quote": True,
        "config": {"meta": {"feature": False} if column in view.extra else {}},
    }


def _growing_model(growing: Growing) -> str:
    lookback = f", lookback={growing.lookback.text!r}" if growing.lookback else ""
    hook = '{{ config(post_hook="{{ trouble() }}") }}\n'
    if not growing.query:
        return hook + macro_call(f"append_only(source('raw', {growing.source!r}){lookback})")
    source = f"{{{{ source('raw', {growing.source!r}) }}}}"
    query = f"select *\nfrom {source} -- it's all\nwhere length('a\nb') = 3"
    return f"{{% set rows %}}\n{query}\n{{% endset %}}\n" + macro_call(
        f"append_only(rows{lookback})"
    )


def _stamped_model(view: View) -> str:
    return "{{ config(full_refresh=false) }}\n" + macro_call(
        f"append_only(source('raw', 'raw_{view.name}'), stamp=true)"
    )


def _batched_model(event_time: str, source: str) -> str:
    config = ", ".join(f"{k}={v!r}" for k, v in (BATCHES | {"event_time": event_time}).items())
    return f"{{{{ config({config}) }}}}\n" + macro_call(f"append_only(source('raw', {source!r}))")


def _empty_table(columns: tuple[Column, ...]) -> str:
    nulls = [f'cast(null as {column.type}) as "{column.name}"' for column in columns]
    return (
        "{{ config(materialized='table') }}\nselect\n    " + ",\n    ".join(nulls) + "\nwhere false"
    )


def _drops() -> str:
    """A row for each view and instant, with the statement that drops the history before it."""
    depends = "\n".join(f"-- depends_on: {{{{ ref({view.name!r}) }}}}" for view in KEPT)
    cases = [(view.name, before) for view in KEPT for before in BEFORE]
    return (
        depends + "{% if execute %}{% for name, before in " + repr(cases) + " %}\n"
        "{%- set past = feature_warehouse._past_rows(name, before) %}\n"
        "select\n    cast('{{ name }}' as text) as view,\n"
        "    cast('{{ before }}' as text) as before,\n"
        "    cast('{{ past.delete | replace(\"'\", \"''\") }}' as text) as statement\n"
        "{{ 'union all' if not loop.last }}\n{% endfor %}{% endif %}"
    )


def _sources() -> list[dict[str, Any]]:
    raw = [growing.source for growing in GROWING] + [f"raw_{view.name}" for view in STAMPED]
    tables: list[dict[str, Any]] = [{"name": name} for name in raw]
    for name, column in (("readings_by_load", "loaded_at"), ("readings_by_event", "measured_at")):
        tables.append(
            {"name": name, "identifier": READINGS.source, "config": {"event_time": column}}
        )
    tables.append({"name": "raw_people"})
    return [{"name": "raw", "schema": "{{ target.schema }}", "tables": tables}]


def _snapshots() -> list[dict[str, Any]]:
    return [
        {
            "name": f"snapshot_{name}",
            "relation": "source('raw', 'raw_people')",
            "config": {"unique_key": "id", **config},
        }
        for name, config in SNAPSHOTS.items()
    ]


UNIT_TESTS: list[dict[str, Any]] = [
    {
        "name": "readings_takes_what_is_new",
        "model": "readings",
        "overrides": {"macros": {"is_incremental": True}},
        "given": [
            {
                "input": "source('raw', 'raw_readings')",
                "rows": [
                    {"sensor": 1, "loaded_at": "2013-01-01 10:00:00", "value": 1.5},
                    {"sensor": 1, "loaded_at": "2013-01-02 10:00:00", "value": 2.5},
                    {"sensor": 2, "loaded_at": "2013-01-02 11:00:00", "value": 3.5},
                ],
            },
            {
                "input": "this",
                "rows": [{"sensor": 1, "loaded_at": "2013-01-02 10:00:00", "value": 2.5}],
            },
        ],
        "expect": {"rows": [{"sensor": 2, "loaded_at": "2013-01-02 11:00:00", "value": 3.5}]},
    },
    {
        "name": "prices_takes_what_differs",
        "model": "prices",
        "overrides": {"macros": {"is_incremental": True}},
        "given": [
            {
                "input": "source('raw', 'raw_prices')",
                "rows": [
                    {"item": 1, "valid_at": "2013-01-01 00:00:00", "price": 5},
                    {"item": 2, "valid_at": "2013-01-01 00:00:00", "price": 6},
                ],
            },
            {
                "input": "this",
                "rows": [
                    {
                        "item": item,
                        "valid_at": "2013-01-01 00:00:00",
                        "noticed_at": "2013-01-02 00:00:00",
                        "price": 5,
                    }
                    for item in (1, 2)
                ],
            },
        ],
        "expect": {"rows": [{"item": 2, "valid_at": "2013-01-01 00:00:00", "price": 6}]},
    },
]
