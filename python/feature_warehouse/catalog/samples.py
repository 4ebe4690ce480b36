"""SQL and Python to copy. What is pasted runs as it is; a person puts keys and names in."""

import shlex
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import msgspec

from feature_warehouse.codec.rows import from_microseconds
from feature_warehouse.declarations.model import Column, FeatureView, Registry, ServicePart

__all__ = ["curl_for", "python_for", "quoted", "rows_of", "training_set_with"]

_NEWEST: Final = 10


def rows_of(view: FeatureView, feature: str | None = None) -> str:
    """A query for the newest rows of a view, of all columns or of one feature and its keys.

    Without rows of the future, of which a window view has some: events that will leave.
    """
    columns = "*"
    if feature is not None:
        names = [*(key.name for key in view.join_keys), view.event_timestamp.name, feature]
        columns = ", ".join(map(quoted, names))
    event = quoted(view.event_timestamp.name)
    has_zone = (
        "tz" in view.event_timestamp.data_type or "with time" in view.event_timestamp.data_type
    )
    now = "current_timestamp" if has_zone else "current_timestamp at time zone 'UTC'"
    return (
        f"select {columns}\nfrom {view.relation}\nwhere {event} <= {now}\n"
        f"order by {event} desc\nlimit {_NEWEST}"
    )


def training_set_with(registry: Registry, view: FeatureView, feature: str | None = None) -> str:
    """A model that joins the view to a label set, with the keys that a service joins it by."""
    part = _known_part(registry, view)
    labels = _label_set(registry, view, part)
    keys = {key.name for key in view.join_keys}
    join_keys = {
        name: column
        for name, column in (part.join_keys.items() if part else ())
        if name != column and name in keys
    }
    wanted = [feature] if feature else [one.name for one in view.features]
    taken = {column.lower() for column in registry.label_sets.get(labels, ())}
    options: dict[str, object] = {}
    if join_keys:
        options["join_keys"] = join_keys
    if any(name.lower() in taken for name in wanted):
        options["prefix"] = f"{view.name}_"
    features = {"features": wanted} if feature else {}
    entry: object = f"{view.name}:{feature}" if feature else view.name
    if options:
        entry = {"view": view.name, **features, **options}
    return (
        "{{ config(materialized='table') }}\n"
        "{{ feature_warehouse.training_set(\n"
        f"     labels={labels!r},\n"
        f"     features=[{entry!r}],\n"
        ") }}"
    )


def _known_part(registry: Registry, view: FeatureView) -> ServicePart | None:
    parts = (part for service in registry.services.values() for part in service.parts)
    return next((part for part in parts if part.view.name == view.name), None)


def _label_set(registry: Registry, view: FeatureView, part: ServicePart | None) -> str:
    """That of a service with the view; else one that has the join keys; else any."""
    for service in registry.services.values():
        if part is not None and part in service.parts and service.labels in registry.label_sets:
            return service.labels
    keys = {key.name for key in view.join_keys}
    fitting = [name for name, columns in registry.label_sets.items() if keys <= set(columns)]
    return min(fitting or [*registry.label_sets] or ["my_label_set"])


def python_for(
    registry: Registry,
    name: str,
    keys: Mapping[str, Column],
    feature: str | None = None,
    expect: str | None = None,
) -> str:
    """Reads one vector of a view or service; the entity is made up."""
    environment = registry.written_for.target if registry.written_for else "dev"
    values = {key: _value(column.data_type) for key, column in keys.items()}
    imports = sorted({line for line, _ in values.values() if line})
    pairs = [f'"{_escaped(key)}": {value}' for key, (_, value) in values.items()]
    entity = "{" + ", ".join(pairs) + "}"
    last = f', expect="{expect}"' if expect else ""
    shown = f'vector["{_escaped(feature)}"]' if feature else "dict(vector.items())"
    lines = [
        "import os",
        *imports,
        "",
        "from feature_warehouse import OnlineStore",
        "",
        'url = os.environ.get("REDIS_URL", "redis://localhost:6379/0")',
        f'project, environment = "{_escaped(registry.project)}", "{_escaped(environment)}"',
        "store = OnlineStore.from_url(url, project=project, environment=environment)",
        f"entity = {entity}",
        f'vector = store.get("{name}", entity{last})',
        f"print({shown})",
    ]
    return "\n".join(lines)


def _value(data_type: str) -> tuple[str, str]:
    """An import, if it takes one, and a Python expression of a value of the type."""
    kind = data_type.partition("(")[0].strip()
    if kind in ("date", "uuid") or kind.startswith("timestamp"):
        year = f"{from_microseconds(0).year}, 1, 1"
        zone = ", tzinfo=datetime.UTC" if kind == "timestamptz" or "with time" in data_type else ""
        return {
            "date": ("import datetime", f"datetime.date({year})"),
            "uuid": ("import uuid", "uuid.UUID(int=0)"),
        }.get(kind, ("import datetime", f"datetime.datetime({year}{zone})"))
    if kind in ("boolean", "bool"):
        return "", "True"
    if kind in ("double precision", "real"):
        return "", "1.0"
    number = ("int", "bigint", "smallint", "tinyint", "hugeint", "numeric", "decimal", "u")
    return "", "1" if kind.startswith(number) or kind in ("long", "short") else '"..."'


def quoted(name: str) -> str:
    """A name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def curl_for(name: str, keys: Mapping[str, Column], expect: str | None = None) -> str:
    """The same from the feature server, in a shell; its address and the token are variables."""
    body: dict[str, object] = {
        "entities": [{key: _json_value(column.data_type) for key, column in keys.items()}]
    }
    if expect:
        body["expect"] = expect
    path = f"/v1/services/{quote(name, safe='')}"
    return (
        f'curl "$FEATURE_SERVER{path}" \\\n'
        '  --header "Authorization: Bearer $TOKEN" \\\n'
        "  --header 'Content-Type: application/json' \\\n"
        f"  --data {shlex.quote(msgspec.json.encode(body).decode())}"
    )


def _json_value(data_type: str) -> object:
    """A made-up value of the type, as the feature server takes it."""
    _, text = _value(data_type)
    if text == "True":
        return True
    if text in ("1", "1.0"):
        return 1
    whole = {"date": "1970-01-01", "uuid": "00000000-0000-0000-0000-000000000000"}
    kind = data_type.partition("(")[0].strip()
    if kind.startswith("timestamp"):
        return "1970-01-01T00:00:00Z"
    return whole.get(kind, "...")
