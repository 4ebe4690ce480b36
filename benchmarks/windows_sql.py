"""The SQL that somebody who knows DuckDB would write for windows of 1, 7 and 30 days.

Every form of the view has a row for each instant at which an event enters or leaves a window
``(t - W, t]``, with the count of events, and sum, mean, least and greatest of ``x``.
"""

from collections.abc import Callable, Iterable

__all__ = [
    "COLUMNS",
    "DAYS",
    "DISTINCT_COLUMNS",
    "FORMS",
    "changes",
    "distinct_join",
    "instants",
    "length",
    "lines",
    "range_join",
    "shorter",
]

DAYS = (1, 7, 30)
COLUMNS = tuple(
    f"{stem}_{days}d" for stem in ("count", "x_sum", "x_avg", "x_min", "x_max") for days in DAYS
)
DISTINCT_COLUMNS = tuple(f"x_count_distinct_{days}d" for days in DAYS)
DAY = 86_400_000_000
NUMBERED = list(enumerate(DAYS, start=1))
"""Windows by the number of the change by which an event leaves; by change 0 it enters."""


def length(days: int) -> str:
    """A window's length."""
    return f"interval '{days * 24} hours'"


def shorter(days: int) -> str:
    """A microsecond less, for frames of RANGE, which include both ends."""
    return f"interval '{days * DAY - 1} microseconds'"


def lines(parts: Iterable[str]) -> str:
    """A list of columns."""
    return ",\n    ".join(parts)


def changes() -> str:
    """All instants, with the number of what happens to an event."""
    return "select k, ts as at_, 0 as change, x from visits" + "".join(
        f"\nunion all select k, ts + {length(days)}, {number}, x from visits"
        for number, days in NUMBERED
    )


def instants() -> str:
    """Events, and a row without values whenever one leaves a window."""
    return "select k, ts as at_, 1 as event, x from visits" + "".join(
        f"\nunion all select k, ts + {length(days)}, null, null from visits" for days in DAYS
    )


def frames() -> str:
    """Frames over all instants: plain, and what the others are checked with."""
    columns = lines(
        f"count(event) over last{days} as n{days}, count(x) over last{days} as m{days},"
        f" sum(x) over last{days} as s{days}, min(x) over last{days} as least{days},"
        f" max(x) over last{days} as greatest{days}"
        for days in DAYS
    )
    return _framed(columns, f"({instants()})")


def deltas() -> str:
    """Running sums of what enters and, negative, of what leaves; frames for the extremes."""
    columns = lines(
        f"sum(case change when 0 then {one} when {number} then -{one} end) over known"
        f" as {name}{days}"
        for number, days in NUMBERED
        for name, one in (("n", "1"), ("m", "(case when x is null then 0 else 1 end)"), ("s", "x"))
    )
    extremes = lines(
        f"{name}(case when change = 0 then x end) over last{days} as {word}{days}"
        for days in DAYS
        for name, word in (("min", "least"), ("max", "greatest"))
    )
    return _framed(f"{columns},\n    {extremes}", f"({changes()})")


def carried() -> str:
    """Only events have frames; what each change leaves behind is carried on over the instants."""
    kept = lines(
        [
            f"last_value(case when change = {number} then {{'n': n, 'm': m, 's': s}} end"
            f" ignore nulls) over known as sums{number}"
            for number in range(len(DAYS) + 1)
        ]
        + [f"last_value(extremes{days} ignore nulls) over known as extremes{days}" for days in DAYS]
    )
    return f"""
with states as (
    select k, at_, lead(at_) over known is distinct from at_ as is_last,
    {kept}
    from ({_moments()})
    window known as (partition by k order by at_)
)
{_unpacked("coalesce(sums{number}.{name}, 0)")}"""


def streamed() -> str:
    """The same, sorted once and carried on in the order of rows, which DuckDB keeps by default."""
    over = "over (rows between unbounded preceding and current row)"
    kept = lines(
        [
            f"last_value(case when change = {number} then {{'k': k, 'n': n, 'm': m, 's': s}} end"
            f" ignore nulls) {over} as sums{number}"
            for number in range(len(DAYS) + 1)
        ]
        + [f"last_value(extremes{days} ignore nulls) {over} as extremes{days}" for days in DAYS]
    )
    return f"""
with states as (
    select k, at_,
        lead(k) over () is distinct from k or lead(at_) over () is distinct from at_ as is_last,
    {kept}
    from ({_moments()} order by k, at_)
)
{_unpacked("case when sums{number}.k = k then sums{number}.{name} else 0 end")}"""


FORMS: dict[str, Callable[[], str]] = {
    "streamed": streamed,
    "carried": carried,
    "deltas": deltas,
    "frames": frames,
}
"""By name, the fastest first."""


def _framed(columns: str, rows: str) -> str:
    windows = lines(
        f"last{days} as (partition by k order by at_"
        f" range between {shorter(days)} preceding and current row)"
        for days in DAYS
    )
    return f"""
with states as (
    select k, at_ as changed_at, lead(at_) over known is distinct from at_ as is_last,
    {columns}
    from {rows}
    window known as (partition by k order by at_),
    {windows}
)
{_finished("states where is_last")}"""


def _moments() -> str:
    """Four rows an event, when it enters and leaves, in microseconds: frames are faster on these.

    An event that enters brings the extremes of all windows; when it leaves one, there remain those
    of ``(ts, ts + W]``.
    """
    columns, windows = [], []
    for days in DAYS:
        entering = f"{days * DAY - 1} preceding and current row"
        leaving = f"current row and {days * DAY} following exclude group"
        for end, frame in (("in", entering), ("out", leaving)):
            columns.append(
                f"{{'least': min(x) over {end}{days}, 'greatest': max(x) over {end}{days}}}"
                f" as {end}{days}"
            )
            windows.append(f"{end}{days} as (partition by k order by at_ range between {frame})")
    waits = " ".join(f"when {number} then {days * DAY}" for number, days in NUMBERED)
    extremes = lines(
        f"case change when 0 then in{days} when {number} then out{days} end as extremes{days}"
        for number, days in NUMBERED
    )
    return f"""
    select k, at_ + case change when 0 then 0 {waits} end as at_, change, n, m, s,
    {extremes}
    from (
        select k, at_, count(*) over known as n, count(x) over known as m,
            cast(coalesce(sum(x) over known, 0) as bigint) as s,
            lead(at_) over known is distinct from at_ as is_last,
    {lines(columns)}
        from (select k, epoch_us(ts) as at_, x from visits)
        window known as (partition by k order by at_),
    {lines(windows)}
    )
    cross join (values (0), (1), (2), (3)) as changes(change)
    where is_last"""


def _unpacked(left: str) -> str:
    """The result of ``carried``; ``left`` is the sum over all events that have left a window."""
    columns = lines(
        [
            f"sums0.{name} - {left.format(number=number, name=name)} as {name}{days}"
            for number, days in NUMBERED
            for name in "nms"
        ]
        + [
            f"extremes{days}.{word} as {word}{days}"
            for days in DAYS
            for word in ("least", "greatest")
        ]
    )
    return _finished(f"""(
    select k, make_timestamp(at_) as changed_at,
    {columns}
    from states where is_last
)""")


def _finished(states: str) -> str:
    columns = lines(
        [f"cast(n{days} as bigint) as count_{days}d" for days in DAYS]
        + [
            f"case when m{days} > 0 then cast(s{days} as bigint) end as x_sum_{days}d"
            for days in DAYS
        ]
        + [f"cast(s{days} as double) / nullif(m{days}, 0) as x_avg_{days}d" for days in DAYS]
        + [f"least{days} as x_min_{days}d" for days in DAYS]
        + [f"greatest{days} as x_max_{days}d" for days in DAYS]
    )
    return f"""select k, changed_at,
    {columns}
from {states}"""


def range_join() -> str:
    """Labels joined with the events of their 30 days, by blocks of time: half the time of plain."""
    longest = length(DAYS[-1])
    block = f"time_bucket({longest}, {{}})"
    counts = lines(f"coalesce(count_{days}d, 0) as count_{days}d" for days in DAYS)
    return f"""
with answered as (
    select labels.label_id,
    {_of_labels()}
    from (select *, unnest([0, 1]) as ago from labels) as labels
    inner join visits
        on visits.k = labels.k
        and {block.format("visits.ts")} = {block.format("labels.asked_at")} - ago * {longest}
        and visits.ts > labels.asked_at - {longest} and visits.ts <= labels.asked_at
    group by labels.label_id
)
select label_id, answered.* exclude (label_id) replace ({counts})
from labels left join answered using (label_id)"""


def distinct_join() -> str:
    """Different values in each window, over a join of instants and events: slow and plain."""
    columns = lines(
        f"count(distinct visits.x) filter (where visits.ts > instants.at_ - {length(days)})"
        f" as x_count_distinct_{days}d"
        for days in DAYS
    )
    return f"""
select instants.k, instants.at_ as changed_at,
    {columns}
from (select distinct k, at_ from ({changes()})) as instants
left join visits
    on visits.k = instants.k
    and visits.ts > instants.at_ - {length(DAYS[-1])} and visits.ts <= instants.at_
group by instants.k, instants.at_"""


def _of_labels() -> str:
    calls = {
        "count": "count(visits.ts)",
        "x_sum": "sum(visits.x)",
        "x_avg": "avg(visits.x)",
        "x_min": "min(visits.x)",
        "x_max": "max(visits.x)",
    }
    return lines(
        f"{call} filter (where visits.ts > labels.asked_at - {length(days)}) as {stem}_{days}d"
        for stem, call in calls.items()
        for days in DAYS
    )
