"""The queries the publisher asks, in SQL that all engines share.

They say what the macro ``as_of`` says; a differential test holds the two together.
"""

from collections.abc import Collection

from feature_warehouse.declarations.model import FeatureView
from feature_warehouse.engines.dialect import Dialect

__all__ = [
    "holds_query",
    "inspection_query",
    "newest_load_query",
    "newest_rows_query",
    "values_query",
]


def newest_rows_query(
    view: FeatureView, clock: int, since: int | None = None, *, dialect: Dialect
) -> str:
    """The newest available row per entity at a clock (microseconds since 1970 UTC).

    With ``since`` only of the entities that got a row since then. The order of rows is that of the
    macros ``_newest_first`` and ``_tie_order`` (rule 1), written a second time for the publisher.
    """
    keys = [dialect.quote(key.name) for key in view.join_keys]
    event = dialect.in_utc(view.event_timestamp)
    order = [f"{event} desc"]
    created = dialect.in_utc(view.created_timestamp) if view.created_timestamp else None
    if created:
        order.append(f"{created} desc nulls last")
    ties = [key for column in view.tie_order for key in dialect.sort_keys(column)]
    # Keys that are equal, and so of one entity, may still differ.
    for column in view.join_keys:
        if (found := dialect.sort_keys(column)) != [dialect.quote(column.name)]:
            ties += found
    order += [f"{key} desc nulls last" for key in ties]
    partition = f"partition by {', '.join(keys)} " if keys else ""
    columns = [*keys, *(dialect.quote(feature.name) for feature in view.features), event]
    columns += [created] if created else []
    # Positional aliases: a feature may have any name, even one of ours.
    named = ", ".join(f"{column} as c{number}" for number, column in enumerate(columns))
    names = ", ".join(f"c{number}" for number in range(len(columns)))
    touched, among_them = _touched(view, clock, since, dialect) if since is not None else ("", "")
    return (
        f"{touched}select {names} from ("
        f"select {named}, row_number() over ({partition}order by {', '.join(order)}) as choice"
        f" from {view.relation} where {_servable(view, dialect)}"
        f" and {_available(view, dialect)} <= {dialect.instant(clock)}"
        f"{among_them}"
        ") as available_rows where choice = 1"
    )


def _touched(view: FeatureView, clock: int, since: int, dialect: Dialect) -> tuple[str, str]:
    """The entities that got a row, and the condition that a row is one of theirs.

    Computed first and by itself: DuckDB, which cannot guess how few they are, would else put the
    whole view into a hash table and look these up, at three times the time.
    """
    keys = ", ".join(dialect.quote(key.name) for key in view.join_keys)
    new = (
        f"from {view.relation} where {_servable(view, dialect)}"
        f" and {_between(view, since, clock, dialect)}"
    )
    if not keys:
        return "", f" and exists (select 1 {new})"
    names = ", ".join(f"k{number}" for number in range(len(view.join_keys)))
    touched = f"with touched ({names}) as {dialect.computed_once}(select {keys} {new}) "
    return touched, f" and ({keys}) in (select {names} from touched)"


def inspection_query(
    view: FeatureView,
    clock: int,
    watermark: int,
    last: tuple[int, int] | None,
    dialect: Dialect,
) -> str:
    """See ``Inspection``, whose columns these are."""
    keys = [f"{dialect.quote(key.name)} is null" for key in view.join_keys]
    without_keys = " or ".join(keys) if keys else "false"
    event = f"{dialect.in_utc(view.event_timestamp)} is null"
    servable = _servable(view, dialect)
    later = f"{servable} and {_available(view, dialect)} > {dialect.instant(clock)}"
    behind = f"{servable} and {_between(view, last[1], clock, dialect)}" if last else "true"
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


def newest_load_query(view: FeatureView, clock: int, dialect: Dialect) -> str:
    """The newest load time, in UTC, of the rows that are available at a clock; NULL without any."""
    loaded = _loaded(view, dialect)
    return (
        f"select max({loaded}) from {view.relation} where {_servable(view, dialect)}"
        f" and {_available(view, dialect)} <= {dialect.instant(clock)}"
        f" and {loaded} >= {dialect.instant(0)}"
    )


def holds_query(view: FeatureView, names: Collection[str], dialect: Dialect) -> str:
    """How many rows have certain join key values, which are bound as texts in this order."""
    conditions = [
        f"{dialect.quote(name)} = {value}" for name, value in _bound(view, names, dialect).items()
    ]
    return f"select count(*) from {view.relation} where {' and '.join(conditions) or 'true'}"


def values_query(view: FeatureView, names: Collection[str], dialect: Dialect) -> str:
    """The values that ``holds_query`` compares with; it fails where a text is not a value."""
    return f"select {', '.join(_bound(view, names, dialect).values())}"


def _bound(view: FeatureView, names: Collection[str], dialect: Dialect) -> dict[str, str]:
    keys = {key.name: key for key in view.join_keys}
    return {
        name: dialect.bound(keys[name], dialect.parameter % place)
        for place, name in enumerate(names, 1)
    }


def _count(condition: str) -> str:
    return f"count(case when {condition} then 1 end)"


def _history(view: FeatureView, clock: int, watermark: int, dialect: Dialect) -> str:
    """Number and hash, whatever their order, of the rows a run saw: loaded before, and during."""
    if view.created_timestamp is None:
        return "''"
    columns = [*view.join_keys, view.event_timestamp, view.created_timestamp]
    columns += [*view.features, *view.tie_order]
    total = f"sum({dialect.hashed(list({column.name: column for column in columns}.values()))})"
    now, then = dialect.instant(clock), dialect.instant(watermark)
    seen = f"{_servable(view, dialect)} and {_available(view, dialect)} <= {now}"
    loaded = _loaded(view, dialect)
    before = f"filter (where {seen} and {loaded} <= {then})"
    during = f"filter (where {seen} and {loaded} > {then})"
    parts = [f"count(*) {before}", "':'", f"{total} {before}", "' '"]
    return dialect.joined(*parts, f"count(*) {during}", "':'", f"{total} {during}")


def _loaded(view: FeatureView, dialect: Dialect) -> str:
    """When a row was loaded; an event that does not say was so when it happened."""
    event = dialect.in_utc(view.event_timestamp)
    if view.created_timestamp is None:
        return event
    return f"coalesce({dialect.in_utc(view.created_timestamp)}, {event})"


def _between(view: FeatureView, since: int, clock: int, dialect: Dialect) -> str:
    available = _available(view, dialect)
    return f"{available} > {dialect.instant(since)} and {available} <= {dialect.instant(clock)}"


def _servable(view: FeatureView, dialect: Dialect) -> str:
    required = [*view.join_keys, view.event_timestamp]
    return " and ".join(f"{dialect.quote(column.name)} is not null" for column in required)


def _available(view: FeatureView, dialect: Dialect) -> str:
    known = dialect.in_utc(view.event_timestamp)
    if view.availability_lag:
        known += f" + {dialect.interval(view.availability_lag)}"
    if view.created_timestamp:
        return f"greatest({known}, {dialect.in_utc(view.created_timestamp)})"
    return known
