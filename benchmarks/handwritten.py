"""The SQL that somebody who knows the engine would write for one workload."""

from collections.abc import Callable

from benchmarks.workloads import TTL_DAYS, Workload

__all__ = ["POSTGRES", "POSTGRES_CREATED", "duckdb", "duckdb_apart"]

MOST_CHAINED = 10
"""A chain of ASOF JOINs sorts all columns anew for each view: 100 s and 20 GB on *wide*."""

TTL = f"interval '{TTL_DAYS} days'"


def duckdb(workload: Workload, created: bool = True) -> str:
    """One ASOF JOIN a view, and the ttl checked afterwards.

    Without ``created``, created timestamps are ignored, and the future leaks.
    """
    if workload.created and created:
        return _duckdb_created(workload)
    if workload.views > MOST_CHAINED:
        return duckdb_apart(workload)
    columns = [
        f"case when labels.asked_at <= {view}.ts + {TTL} then {feature} end as {feature}"
        for view in workload.view_names
        for feature in workload.feature_names(view)
    ]
    joins = [
        f"asof left join {view} on labels.k = {view}.k and labels.asked_at >= {view}.ts"
        for view in workload.view_names
    ]
    return _select(["labels.*", *columns], joins)


def duckdb_apart(workload: Workload) -> str:
    """One ASOF JOIN a view again, but with nothing of the other views in it."""
    numbered = "numbered as (select *, row_number() over () as n from labels)"
    views = [
        f"{view}_found as (\n    select labels.n, "
        + ", ".join(
            f"case when labels.asked_at <= {view}.ts + {TTL} then {feature} end as {feature}"
            for feature in workload.feature_names(view)
        )
        + f"\n    from numbered as labels\n    asof join {view} on labels.k = {view}.k "
        f"and labels.asked_at >= {view}.ts\n)"
        for view in workload.view_names
    ]
    joins = [f"left join {view}_found on {view}_found.n = labels.n" for view in workload.view_names]
    columns = ["labels.* exclude (n)", *workload.all_features]
    return _select(columns, joins, [numbered, *views]).replace(
        "\nfrom labels\n", "\nfrom numbered as labels\n"
    )


def _duckdb_created(workload: Workload) -> str:
    """The same against rows that were the newest of their key when they became known."""
    views = [
        f"{view}_known as (\n    select *, greatest(ts, created) as known_at\n    from {view}\n"
        "    qualify ts = max(ts) over (partition by k order by greatest(ts, created))\n)"
        for view in workload.view_names
    ]
    columns = [
        f"case when labels.asked_at <= {view}_known.ts + {TTL} then {feature} end as {feature}"
        for view in workload.view_names
        for feature in workload.feature_names(view)
    ]
    joins = [
        f"asof left join {view}_known\n"
        f"    on labels.k = {view}_known.k and labels.asked_at >= {view}_known.known_at"
        for view in workload.view_names
    ]
    return _select(["labels.*", *columns], joins, views)


def _lateral(workload: Workload) -> str:
    """The newest row of each label through an index on key and time."""
    order = "ts desc, created desc" if workload.created else "ts desc"
    joins = [
        f"left join lateral (\n    select * from {view}\n    where {_visible(workload, view)}\n"
        f"    order by {order}\n    limit 1\n) as {view} on true"
        for view in workload.view_names
    ]
    return _select(["labels.*", *workload.all_features], joins)


def _rank(workload: Workload) -> str:
    """All rows that each label may see, numbered from the newest on."""
    order = "ts desc, created desc" if workload.created else "ts desc"
    views = [
        f"{view}_ranked as (\n    select label_id, {', '.join(workload.feature_names(view))},\n"
        f"        row_number() over (partition by label_id order by {order}) as place\n"
        f"    from labels join {view} on {_visible(workload, view)}\n)"
        for view in workload.view_names
    ]
    joins = [
        f"left join {view}_ranked\n"
        f"    on {view}_ranked.label_id = labels.label_id and {view}_ranked.place = 1"
        for view in workload.view_names
    ]
    return _select(["labels.*", *workload.all_features], joins, views)


def _lead(workload: Workload) -> str:
    """Each row is valid until the next one of its key."""
    views = [
        f"{view}_valid as (\n    select *, least(ts + {TTL}, lead(ts) over (partition by k "
        f"order by ts) - interval '1 microsecond') as until\n    from {view}\n)"
        for view in workload.view_names
    ]
    joins = [
        f"left join {view}_valid\n    on {view}_valid.k = labels.k "
        f"and labels.asked_at between {view}_valid.ts and {view}_valid.until"
        for view in workload.view_names
    ]
    return _select(["labels.*", *workload.all_features], joins, views)


def _union(workload: Workload) -> str:
    """Labels and rows in one sequence, in which the time of the newest row is carried on."""
    views = [
        f"{view}_line as (\n    select k, label_id, asked_at, null::timestamp as ts from labels\n"
        f"    union all\n    select k, null, ts, ts from {view}\n),\n"
        f"{view}_newest as (\n    select k, label_id, "
        f"max(ts) over (partition by k order by asked_at) as ts\n    from {view}_line\n)"
        for view in workload.view_names
    ]
    joins = [
        f"left join {view}_newest on {view}_newest.label_id = labels.label_id\n"
        f"left join {view} on {view}.k = {view}_newest.k and {view}.ts = {view}_newest.ts\n"
        f"    and labels.asked_at <= {view}.ts + {TTL}"
        for view in workload.view_names
    ]
    return _select(["labels.*", *workload.all_features], joins, views)


def _visible(workload: Workload, view: str) -> str:
    known = f" and {view}.created <= labels.asked_at" if workload.created else ""
    young = f"{view}.ts between labels.asked_at - {TTL} and labels.asked_at"
    return f"{view}.k = labels.k and {young}{known}"


def _select(columns: list[str], joins: list[str], views: list[str] | None = None) -> str:
    lines = ["with " + ",\n".join(views)] if views else []
    lines += ["select\n    " + ",\n    ".join(columns), "from labels", *joins]
    return "\n".join(lines)


POSTGRES: dict[str, Callable[[Workload], str]] = {
    "rank": _rank,
    "lead": _lead,
    "union": _union,
    "lateral": _lateral,
}
"""Forms by name; ``lateral`` needs the index, the others run without."""

POSTGRES_CREATED = {"rank": _rank, "lateral": _lateral}
"""Those that can see created timestamps."""
