"""The queries the publisher asks, in SQL that DuckDB and PostgreSQL share.

They say what the macro ``as_of`` says; a differential test holds the two together.
"""

import re
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from feature_warehouse.errors import UnservableError
from feature_warehouse.registry import Column, FeatureView

if TYPE_CHECKING:
    from feature_warehouse.warehouse import Warehouse

__all__ = [
    "bound",
    "holds_query",
    "inspection_query",
    "newest_load_query",
    "newest_rows_query",
    "published_type",
    "quote",
    "refuse_other_types",
    "values_query",
]

_ZONED = re.compile(r"timestamptz|timestamp\b.*with time zone")
_TEXT = re.compile(r"(text|varchar|n?char|national|character|string|bpchar)\b[^\[]*")

Hashed = Callable[[Sequence[Column]], str]
"""Makes a number of the values of columns: another one of values that readers could tell apart,
such as 0.0 and -0.0, or an interval of a day and one of 24 hours."""

SortKeys = Callable[[Column], list[str]]
"""The expressions to sort a column by, so that no two values tie."""


def quote(name: str) -> str:
    """An identifier, whatever it contains."""
    return '"' + name.replace('"', '""') + '"'


def published_type(view: FeatureView, column: Column) -> str:
    """The type that a column has in ``newest_rows_query``."""
    if column in (view.event_timestamp, view.created_timestamp):
        return "timestamp"
    return column.data_type


def refuse_other_types(view: FeatureView, warehouse: "Warehouse") -> None:
    """UnservableError where nothing holds a view to its declared types and it has others."""
    if view.is_held_to_types:
        return
    columns = list({each.name: each for each in (*view.columns, *view.tie_breakers)}.values())
    function = "typeof" if warehouse.dialect == "duckdb" else "pg_typeof"
    pairs = ", ".join(
        f"cast({function}({quote(column.name)}) as text) as a{place},"
        f" cast({function}(cast(null as {column.data_type})) as text) as d{place}"
        for place, column in enumerate(columns)
    )
    query = f"select {pairs} from (select 1) as one left join {view.relation} on false"
    with warehouse.rows(query, f"feature view {view.name!r}") as reader:
        [types] = reader.read_all().to_pylist()
    found = [
        f"column {column.name!r} is declared as {column.data_type} and is"
        f" {types[f'a{place}'].lower()}"
        for place, column in enumerate(columns)
        if types[f"a{place}"] != types[f"d{place}"]
    ]
    if found:
        raise UnservableError(f"{'; '.join(found)}: declare what it has, or build it anew")


def newest_rows_query(
    view: FeatureView, clock: int, since: int | None = None, *, sort_keys: SortKeys
) -> str:
    """The newest available row per entity at a clock (microseconds since 1970 UTC).

    With ``since`` only of the entities that got a row since then.
    """
    keys = [quote(key.name) for key in view.join_keys]
    event = _utc(view.event_timestamp)
    order = [f"{event} desc"]
    created = _utc(view.created_timestamp) if view.created_timestamp else None
    if created:
        order.append(f"{created} desc nulls last")
    ties = [key for column in view.tie_breakers for key in sort_keys(column)]
    # Keys that are equal, and so of one entity, may still differ.
    for column in view.join_keys:
        if (found := sort_keys(column)) != [quote(column.name)]:
            ties += found
    order += [f"{key} desc nulls last" for key in ties]
    partition = f"partition by {', '.join(keys)} " if keys else ""
    columns = [*keys, *(quote(feature.name) for feature in view.features), event]
    columns += [created] if created else []
    # Positional aliases: a feature may have any name, even one of ours.
    named = ", ".join(f"{column} as c{number}" for number, column in enumerate(columns))
    names = ", ".join(f"c{number}" for number in range(len(columns)))
    touched, among_them = _touched(view, clock, since) if since is not None else ("", "")
    return (
        f"{touched}select {names} from ("
        f"select {named}, row_number() over ({partition}order by {', '.join(order)}) as choice"
        f" from {view.relation} where {_servable(view)} and {_available(view)} <= {_literal(clock)}"
        f"{among_them}"
        ") as available_rows where choice = 1"
    )


def _touched(view: FeatureView, clock: int, since: int) -> tuple[str, str]:
    """The entities that got a row, and the condition that a row is one of theirs.

    Computed first and by itself: DuckDB, which cannot guess how few they are, would else put the
    whole view into a hash table and look these up, at three times the time.
    """
    keys = ", ".join(quote(key.name) for key in view.join_keys)
    new = f"from {view.relation} where {_servable(view)} and {_between(view, since, clock)}"
    if not keys:
        return "", f" and exists (select 1 {new})"
    names = ", ".join(f"k{number}" for number in range(len(view.join_keys)))
    touched = f"with touched ({names}) as materialized (select {keys} {new}) "
    return touched, f" and ({keys}) in (select {names} from touched)"


def inspection_query(
    view: FeatureView,
    clock: int,
    watermark: int,
    last: tuple[int, int] | None,
    hashed: Hashed,
) -> str:
    """See ``Inspection``, whose columns these are."""
    keys = [f"{quote(key.name)} is null" for key in view.join_keys]
    without_keys = " or ".join(keys) if keys else "false"
    event = f"{_utc(view.event_timestamp)} is null"
    later = f"{_servable(view)} and {_available(view)} > {_literal(clock)}"
    behind = f"{_servable(view)} and {_between(view, last[1], clock)}" if last else "true"
    columns = [
        "count(*)",
        _count(without_keys),
        _count(f"not ({without_keys}) and {event}"),
        _count(later),
        _count(behind),
        _history(view, *last, hashed) if last else "''",
        _history(view, clock, watermark, hashed),
    ]
    return f"select {', '.join(columns)} from {view.relation}"


def newest_load_query(view: FeatureView, clock: int) -> str:
    """The newest load time, in UTC, of the rows that are available at a clock; NULL without any."""
    loaded = _loaded(view)
    return (
        f"select max({loaded}) from {view.relation} where {_servable(view)}"
        f" and {_available(view)} <= {_literal(clock)} and {loaded} >= {_literal(0)}"
    )


def holds_query(view: FeatureView, names: Collection[str], parameter: str) -> str:
    """How many rows have certain join key values, which are bound as texts in this order.

    ``parameter`` is how the driver numbers them, such as ``$%d``.
    """
    keys = {key.name: key for key in view.join_keys}
    conditions = [
        f"{quote(name)} = {bound(keys[name], parameter % place)}"
        for place, name in enumerate(names, 1)
    ]
    return f"select count(*) from {view.relation} where {' and '.join(conditions) or 'true'}"


def values_query(view: FeatureView, names: Collection[str], parameter: str) -> str:
    """The values that ``holds_query`` compares with; it fails where a text is no value."""
    keys = {key.name: key for key in view.join_keys}
    values = [bound(keys[name], parameter % place) for place, name in enumerate(names, 1)]
    return f"select {', '.join(values)}"


def bound(key: Column, parameter: str) -> str:
    """A parameter that is bound as a text, as a value to compare a column with."""
    # A cast to varchar(n) would cut a longer text off, and so make another entity of it.
    text = f"cast({parameter} as text)"
    return text if _TEXT.fullmatch(key.data_type) else f"cast({text} as {key.data_type})"


def _count(condition: str) -> str:
    return f"count(case when {condition} then 1 end)"


def _history(view: FeatureView, clock: int, watermark: int, hashed: Hashed) -> str:
    """Number and hash, whatever their order, of the rows a run saw: loaded before, and during."""
    if view.created_timestamp is None:
        return "''"
    columns = [*view.join_keys, view.event_timestamp, view.created_timestamp]
    columns += [*view.features, *view.tie_breakers]
    total = f"sum({hashed(list({column.name: column for column in columns}.values()))})"
    seen = f"{_servable(view)} and {_available(view)} <= {_literal(clock)} and {_loaded(view)}"
    before = f"filter (where {seen} <= {_literal(watermark)})"
    during = f"filter (where {seen} > {_literal(watermark)})"
    return (
        f"concat(count(*) {before}, ':', {total} {before}, ' ',"
        f" count(*) {during}, ':', {total} {during})"
    )


def _loaded(view: FeatureView) -> str:
    """When a row was loaded; an event that does not say was so when it happened."""
    event = _utc(view.event_timestamp)
    return f"coalesce({_utc(view.created_timestamp)}, {event})" if view.created_timestamp else event


def _between(view: FeatureView, since: int, clock: int) -> str:
    available = _available(view)
    return f"{available} > {_literal(since)} and {available} <= {_literal(clock)}"


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
