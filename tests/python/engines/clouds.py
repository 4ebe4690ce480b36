"""A project on a warehouse that nobody can reach, which dbt 2 compiles without a connection."""

from pathlib import Path
from shutil import copytree
from typing import Any, Final

from harness.host import macro_call, write_host
from harness.support import ROOT, dbt, write_yaml

TARGETS: Final[dict[str, dict[str, Any]]] = {
    "databricks": {
        "type": "databricks",
        "host": "nowhere.invalid",
        "http_path": "/sql/1.0/warehouses/none",
        "token": "none",
        "catalog": "main",
        "schema": "shop",
    },
    "snowflake": {
        "type": "snowflake",
        "account": "nowhere",
        "user": "nobody",
        "password": "none",
        "database": "MAIN",
        "schema": "SHOP",
        "warehouse": "NONE",
    },
}
"""The engines, each with a target that leads nowhere."""

Column = tuple[str, str]

ORDERS: Final[tuple[Column, ...]] = (
    ("customer_id", "bigint"),
    ("ordered_at", "timestamp"),
    ("loaded_at", "timestamp"),
    ("amount", "double"),
    ("status", "string"),
    ("start", "decimal(10,2)"),
)
CUSTOMERS: Final[tuple[Column, ...]] = (
    ("customer_id", "bigint"),
    ("changed_at", "timestamp"),
    ("segment", "string"),
)
LABELS: Final[tuple[Column, ...]] = (
    ("customer_id", "bigint"),
    ("predicted_at", "timestamp"),
    ("churned", "boolean"),
)

MODELS: Final = {
    "training": macro_call(
        "training_set(labels='labels', features=['orders:amount', 'customers:segment'],"
        ' where="churned is not null")'
    ),
    "spending": macro_call(
        "window_features(events=ref('orders'), join_keys=['customer_id'],"
        " event_timestamp='ordered_at', created_timestamp='loaded_at', windows=['7 days'],"
        " aggregates=[{'count': '*'}, {'sum': 'start'}, {'max': 'amount'}, {'last': 'status'}])"
    ),
    "newest": "select * from " + macro_call("latest('orders')") + " as newest",
}
"""What there is a file of for each engine, read by a person beside the engine's documentation."""

OTHERS: Final = {
    "card": macro_call("dataset_card('training')"),
    "spent": macro_call(
        "window_features(events=ref('orders'), join_keys=['customer_id'],"
        " event_timestamp='ordered_at', windows=['7 days', 'all time'], aggregates=["
        "{'avg': 'amount'}, {'stddev': 'amount'}, {'count_distinct': 'status'}, {'first': 'start'},"
        " {'last': 'amount'}])"
    ),
    "computed": macro_call(
        "training_set(labels='labels', features=['orders:amount'],"
        " on_demand=[{'name': 'twice', 'expr': 'amount * 2'}])"
    ),
    "session": "select '{{ feature_warehouse._session_mistake() | replace(\"'\", '') }}'"
    " as mistake",
    "bits": "select " + macro_call("_as_text('number', 'double')") + " as bits from numbers",
    "again": "select "
    + macro_call("_double_of_text('written')")
    + " as number from (select "
    + macro_call("_text_of_double('number', \"number = cast('NaN' as double)\", 'number(38, 0)')")
    + " as written from numbers) as texts",
    # A hook is what dbt 2 asks a warehouse for, whatever it was told.
    "checked": macro_call("check_declarations()") + "select 1 as one",
}


SETTINGS: Final = """
{% macro run_query(sql) -%}
    {%- if 'TIMESTAMP_TYPE_MAPPING' in sql -%}
        {{ return({'rows': [['TIMESTAMP_TYPE_MAPPING', 'TIMESTAMP_LTZ']]}) }}
    {%- elif 'DEFAULT_DDL_COLLATION' in sql -%}
        {{ return({'rows': [['DEFAULT_DDL_COLLATION', '']]}) }}
    {%- endif -%}
    {{ return({'rows': [['America/New_York', 1]]}) }}
{%- endmacro %}
"""
"""What a session would say of itself: that it is none in which the SQL means what it should."""


def write_cloud(folder: Path, engine: str, more: dict[str, str] | None = None) -> Path:
    """A project on an engine; ``more`` are further models, by name."""
    package = folder / "package"
    copytree(ROOT / "macros", package / "macros")
    copytree(ROOT / "tests" / "generic", package / "tests" / "generic")
    lines = (ROOT / "dbt_project.yml").read_text().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("on-run-start:")]
    assert len(kept) == len(lines) - 1
    (package / "dbt_project.yml").write_text("".join(kept))
    order = {"join_keys": ["customer_id"], "event_timestamp": "ordered_at", "ttl": "30 days"}
    order["created_timestamp"] = "loaded_at"
    customer = {"join_keys": ["customer_id"], "event_timestamp": "changed_at"}
    customer["availability_lag"] = "1 hour"
    label_set = {"timestamp": "predicted_at", "label": "churned"}
    tables = {"orders": ORDERS, "customers": CUSTOMERS, "labels": LABELS}
    properties = [
        _declared("orders", ORDERS, {"feature_view": order}),
        _declared("customers", CUSTOMERS, {"feature_view": customer}),
        _declared("labels", LABELS, {"label_set": label_set}),
        *({"name": name, "config": {"materialized": "table"}} for name in ("spending", "spent")),
    ]
    rows = {name: f"select * from raw.{name}" for name in tables}
    models = rows | MODELS | OTHERS | (more or {})
    project = write_host(folder / "shop", models, properties, package=package)
    (project / "macros").mkdir()
    (project / "macros" / "run_query.sql").write_text(SETTINGS)
    profile = {"target": "dev", "outputs": {"dev": TARGETS[engine]}}
    write_yaml(project / "profiles.yml", {"host": profile})
    return project


def _declared(name: str, columns: tuple[Column, ...], meta: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "config": {"contract": {"enforced": True}, "materialized": "table", "meta": meta},
        "columns": [{"name": column, "data_type": type_} for column, type_ in columns],
    }


def compile_cloud(project: Path, *, code: int = 0) -> str:
    """Let dbt 2 write the SQL of all models; what it said."""
    env = {"DBT_PROFILES_DIR": str(project)}
    result = dbt("compile", "--no-introspect", project=project, env=env, check=False)
    assert result.returncode == code, result.stdout
    return result.stdout
