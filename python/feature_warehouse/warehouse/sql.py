"""The two queries the publisher asks, in SQL that DuckDB and PostgreSQL share.

They say what the macro ``as_of`` says; a differential test holds the two together.
"""

import re

from feature_warehouse.registry import Column, FeatureView

__all__ = ["counts_query", "newest_rows_query", "quote"]

_ZONED = re.compile(r"timestamptz|timestamp\b.*with time zone")
_PADDED = re.compile(r"(char|character|bpchar)\s*(\(.*\))?")
_TEXT = re.compile(r"(text|varchar|char|character|string|bpchar)\b[^\[]*")


def quote(name: str) -> str:
    """An identifier, whatever it contains."""
    return '"' + name.replace('"', '""') + '"'


def newest_rows_query(view: FeatureView, clock: int, *, bytewise: str) -> str:
    """The newest available row per entity at a clock (microseconds since 1970 UTC).

    ``bytewise`` is what makes text sort by its bytes, such as ``collate "C"``.
    """
    keys = [_key(key) for key in view.join_keys]
    event = _utc(view.event_timestamp)
    order = [f"{event} desc"]
    created = _utc(view.created_timestamp) if view.created_timestamp else None
    if created:
        order.append(f"{created} desc nulls last")
    for column in view.tie_breakers:
        collation = f" {bytewise}" if bytewise and _TEXT.fullmatch(column.data_type) else ""
        order.append(f"{quote(column.name)}{collation} desc nulls last")
    partition = f"partition by {', '.join(keys)} " if keys else ""
    columns = [*keys, *(quote(feature.name) for feature in view.features), event]
    columns += [created] if created else []
    # Positional aliases: a feature may have any name, even one of ours.
    named = ", ".join(f"{column} as c{number}" for number, column in enumerate(columns))
    names = ", ".join(f"c{number}" for number in range(len(columns)))
    return (
        f"select {names} from ("
        f"select {named}, row_number() over ({partition}order by {', '.join(order)}) as choice"
        f" from {view.relation} where {_servable(view)} and {_available(view)} <= {_literal(clock)}"
        ") as available_rows where choice = 1"
    )


def counts_query(view: FeatureView, clock: int) -> str:
    """Rows in all, without keys, without event timestamp, not yet available."""
    keys = [f"{quote(key.name)} is null" for key in view.join_keys]
    without_keys = " or ".join(keys) if keys else "false"
    event = _utc(view.event_timestamp)
    return (
        "select count(*)"
        f", count(case when {without_keys} then 1 end)"
        f", count(case when not ({without_keys}) and {event} is null then 1 end)"
        f", count(case when {_servable(view)} and {_available(view)} > {_literal(clock)}"
        " then 1 end)"
        f" from {view.relation}"
    )


def _key(column: Column) -> str:
    # PostgreSQL pads char(n) with blanks, which joins ignore and a row key would not.
    padded = _PADDED.fullmatch(column.data_type)
    return f"cast({quote(column.name)} as text)" if padded else quote(column.name)


def _utc(column: Column) -> str:
    if _ZONED.search(column.data_type):
        return f"({quote(column.name)} at time zone 'UTC')"
    return f"cast({quote(column.name)} as timestamp)"


def _servable(view: FeatureView) -> str:
    required = [quote(key.name) for key in view.join_keys] + [quote(view.event_timestamp.name)]
    return " and ".join(f"{column} is not null" for column in required)


def _available(view: FeatureView) -> str:
    known = _utc(view.event_timestamp)
    if view.availability_lag:
        known += f" + {_interval(view.availability_lag)}"
    if view.created_timestamp:
        return f"greatest({known}, {_utc(view.created_timestamp)})"
    return known


def _interval(length: int) -> str:
    # Hours and less only: a calendar day is not always 24 hours.
    hours, rest = divmod(length, 3_600_000_000)
    return f"interval '{hours} hours {rest} microseconds'"


def _literal(clock: int) -> str:
    seconds, rest = divmod(clock, 1_000_000)
    hours, seconds = divmod(seconds, 3600)
    offset = f"interval '{hours} hours {seconds} seconds {rest} microseconds'"
    return f"(timestamp '1970-01-01' + {offset})"
