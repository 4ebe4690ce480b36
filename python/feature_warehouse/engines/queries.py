"""The queries the publisher asks, in SQL that all engines share.

They say what the macro ``as_of`` says; a differential test holds the two together.
"""

from collections.abc import Collection

from feature_warehouse.declarations.model import Column, FeatureView
from feature_warehouse.engines.dialect import (
    Dialect,
    bound,
    in_utc,
    instant,
    interval,
    quote,
)
from feature_warehouse.engines.protocol import Warehouse
from feature_warehouse.errors import UnservableError

__all__ = [
    "holds_query",
    "inspection_query",
    "newest_load_query",
    "newest_rows_query",
    "published_type",
    "refuse_other_types",
    "values_query",
]


def published_type(view: FeatureView, column: Column) -> str:
    """The type that a column has in ``newest_rows_query``."""
    if column in (view.event_timestamp, view.created_timestamp):
        return "timestamp"
    return column.data_type


def refuse_other_types(view: FeatureView, warehouse: Warehouse) -> None:
    """UnservableError where nothing holds a view to its declared types and it has others."""
    if view.is_held_to_types:
        return
    columns = list({each.name: each for each in (*view.columns, *view.tie_order)}.values())
    function = warehouse.dialect.type_of
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
        raise UnservableError(f"{'; '.join(found)}: declare the actual type, or rebuild it")


def newest_rows_query(
    view: FeatureView, clock: int, since: int | None = None, *, dialect: Dialect
) -> str:
    """The newest available row per entity at a clock (microseconds since 1970 UTC).

    With ``since`` only of the entities that got a row since then. The order of rows is that of the
    macros ``_newest_first`` and ``_tie_order`` (rule 1), written a second time for the publisher.
    """
    keys = [quote(key.name) for key in view.join_keys]
    event = in_utc(view.event_timestamp)
    order = [f"{event} desc"]
    created = in_utc(view.created_timestamp) if view.created_timestamp else None
    if created:
        order.append(f"{created} desc nulls last")
    ties = [key for column in view.tie_order for key in dialect.sort_keys(column)]
    # Keys that are equal, and so of one entity, may still differ.
    for column in view.join_keys:
        if (found := dialect.sort_keys(column)) != [quote(column.name)]:
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
        f" from {view.relation} where {_servable(view)} and {_available(view)} <= {instant(clock)}"
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
    dialect: Dialect,
) -> str:
    """See ``Inspection``, whose columns these are."""
    keys = [f"{quote(key.name)} is null" for key in view.join_keys]
    without_keys = " or ".join(keys) if keys else "false"
    event = f"{in_utc(view.event_timestamp)} is null"
    later = f"{_servable(view)} and {_available(view)} > {instant(clock)}"
    behind = f"{_servable(view)} and {_between(view, last[1], clock)}" if last else "true"
    columns = [
        "count(*)",
        _count(without_keys),
        _count(f"not ({without_keys}) and {event}"),
        _count(later),
        _count(behind),
        _history(view, *last, dialect) if last else "''",
        _history(view, clock, watermark, dialect),
    ]
    return f"select {', '.join(columns)} from {view.relation}"


def newest_load_query(view: FeatureView, clock: int) -> str:
    """The newest load time, in UTC, of the rows that are available at a clock; NULL without any."""
    loaded = _loaded(view)
    return (
        f"select max({loaded}) from {view.relation} where {_servable(view)}"
        f" and {_available(view)} <= {instant(clock)} and {loaded} >= {instant(0)}"
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
    """The values that ``holds_query`` compares with; it fails where a text is not a value."""
    keys = {key.name: key for key in view.join_keys}
    values = [bound(keys[name], parameter % place) for place, name in enumerate(names, 1)]
    return f"select {', '.join(values)}"


def _count(condition: str) -> str:
    return f"count(case when {condition} then 1 end)"


def _history(view: FeatureView, clock: int, watermark: int, dialect: Dialect) -> str:
    """Number and hash, whatever their order, of the rows a run saw: loaded before, and during."""
    if view.created_timestamp is None:
        return "''"
    columns = [*view.join_keys, view.event_timestamp, view.created_timestamp]
    columns += [*view.features, *view.tie_order]
    total = f"sum({dialect.hashed(list({column.name: column for column in columns}.values()))})"
    seen = f"{_servable(view)} and {_available(view)} <= {instant(clock)} and {_loaded(view)}"
    before = f"filter (where {seen} <= {instant(watermark)})"
    during = f"filter (where {seen} > {instant(watermark)})"
    return (
        f"concat(count(*) {before}, ':', {total} {before}, ' ',"
        f" count(*) {during}, ':', {total} {during})"
    )


def _loaded(view: FeatureView) -> str:
    """When a row was loaded; an event that does not say was so when it happened."""
    event = in_utc(view.event_timestamp)
    return (
        f"coalesce({in_utc(view.created_timestamp)}, {event})" if view.created_timestamp else event
    )


def _between(view: FeatureView, since: int, clock: int) -> str:
    available = _available(view)
    return f"{available} > {instant(since)} and {available} <= {instant(clock)}"


def _servable(view: FeatureView) -> str:
    required = [quote(key.name) for key in view.join_keys] + [quote(view.event_timestamp.name)]
    return " and ".join(f"{column} is not null" for column in required)


def _available(view: FeatureView) -> str:
    known = in_utc(view.event_timestamp)
    if view.availability_lag:
        known += f" + {interval(view.availability_lag)}"
    if view.created_timestamp:
        return f"greatest({known}, {in_utc(view.created_timestamp)})"
    return known
