"""The models of a run that are proved, as calls of the public macros, and what YAML declares."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from feature_warehouse.conformance.declared import Column, TrainingSet, View, WindowView
from feature_warehouse.conformance.shapes import (
    ARRIVALS,
    ARRIVED,
    LOOKBACK,
    PREFIX,
    Shapes,
)

__all__ = ["CARD", "calls", "config", "contract", "declaration_of", "declared", "growing"]

CARD: Final = f"{PREFIX}card"
AS_OF: Final = "2013-03-10T05:00:00-04:00"
"""The instant of the models that ask a view for its rows at one."""


def calls(shapes: Shapes) -> dict[str, str]:
    """The models that are proved, by their names: each is a call of a public macro."""
    found = {made.name: _training_set(made) for made in shapes.sets}
    found |= {view.name: _windows(view) for view in shapes.windows}
    for view in shapes.views:
        short = view.name.removeprefix(PREFIX)
        found[f"{PREFIX}as_of_{short}"] = _call("view", f"as_of({view.name!r}, {AS_OF!r})")
        found[f"{PREFIX}latest_{short}"] = _call("view", f"latest({view.name!r})")
    found[CARD] = _call("table", "dataset_card('fwc_set')")
    if shapes.grows:
        call = f"append_only({ARRIVED['fwc_arrivals']!r}, lookback={LOOKBACK.text!r})"
        found[ARRIVALS.name] = _call("incremental", call)
    return found


def declaration_of(view: View) -> str:
    """The block of a feature view in one line, with the defaults of its features."""
    defaults = {"default": dict(view.defaults)} if view.defaults else {}
    return json.dumps({**_block(view), **defaults}, ensure_ascii=False)


def growing(shapes: Shapes) -> list[str]:
    """The models that another batch changes; none where nothing grows."""
    if not shapes.grows:
        return []
    names = [*ARRIVED.values(), *(made.name for made in shapes.sets if made.grows)]
    return [*names, *(view.name for view in shapes.windows if view.grows), ARRIVALS.name]


def config(materialized: str) -> str:
    """The first line of a model."""
    return f"{{{{ config(materialized='{materialized}') }}}}\n"


def declared(view: View, types: Mapping[str, str]) -> dict[str, Any]:
    """The properties of a feature view in YAML."""
    properties = contract(view.name, view.columns, types, {"feature_view": _block(view)})
    for column in properties["columns"]:
        if column["name"] in view.defaults:
            column["config"] = {"meta": {"default": view.defaults[column["name"]]}}
        elif any(column["name"] == extra.name for extra in view.extra):
            column["config"] = {"meta": {"feature": False}}
    if view.has_index:
        names = [column.name for column in (*view.keys, view.event)]
        properties["config"]["indexes"] = [{"columns": names}]
    return properties


def contract(
    name: str, columns: Sequence[Column], types: Mapping[str, str], meta: Mapping[str, Any]
) -> dict[str, Any]:
    """The properties of a model whose columns are of the declared types."""
    return {
        "name": name,
        "config": {"contract": {"enforced": True}, **({"meta": dict(meta)} if meta else {})},
        "columns": [{"name": one.name, "data_type": types[one.kind]} for one in columns],
    }


def _block(view: View) -> dict[str, Any]:
    block: dict[str, Any] = {
        "join_keys": [column.name for column in view.keys],
        "event_timestamp": view.event.name,
    }
    if view.created:
        block["created_timestamp"] = view.created.name
    if view.lag:
        block["availability_lag"] = view.lag.text
    if view.ttl:
        block["ttl"] = view.ttl.text
    if view.tie_breaker:
        block["tie_breaker"] = view.tie_breaker
    return block


def _call(materialized: str, call: str) -> str:
    return f"{config(materialized)}{{{{ feature_warehouse.{call} }}}}\n"


def _training_set(made: TrainingSet) -> str:
    # Python's literals are Jinja's.
    features = [
        {
            "view": part.view.name,
            "prefix": part.prefix,
            **({"event_timestamp": True} if part.event_timestamp else {}),
            **({"age": True} if part.age else {}),
        }
        for part in made.parts
    ]
    options: dict[str, Any] = {"labels": made.labels, "features": features}
    for name in ("start", "end", "as_of"):
        if moment := getattr(made, name):
            options[name] = moment.text
    if made.where:
        options["where"] = made.where
    if made.knowledge != "available":
        options["knowledge"] = made.knowledge
    if made.every:
        options["served"] = {"every": made.every.text}
        if made.delay:
            options["served"]["delay"] = made.delay.text
    if made.split:
        starts = {name: moment.text for name, moment in made.split.starts.items()}
        options["split"] = {"starts": starts, "embargo": made.split.embargo.text}
    return _call("incremental" if made.grows else "table", f"training_set({_arguments(options)})")


def _windows(view: WindowView) -> str:
    aggregates = [
        {
            one.function: one.of or "*",
            "as": one.stem,
            **({"where": one.where} if one.where else {}),
        }
        for one in view.aggregates
    ]
    options: dict[str, Any] = {
        "events": view.events,
        "join_keys": ["case_id", "k"],
        "event_timestamp": "happened_at",
        "aggregates": aggregates,
        "windows": [
            window.asked if isinstance(window.asked, str) else dict(window.asked)
            for window in view.windows
        ],
    }
    if view.created:
        options["created_timestamp"] = "loaded_at"
    if view.lag:
        options["availability_lag"] = view.lag.text
    if view.tie_breaker:
        options["tie_breaker"] = view.tie_breaker
    return _call(
        "incremental" if view.grows else "table", f"window_features({_arguments(options)})"
    )


def _arguments(options: Mapping[str, Any]) -> str:
    lines = [f"\n    {name}={value!r}" for name, value in options.items()]
    return ",".join(lines) + "\n"
