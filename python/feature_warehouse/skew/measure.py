"""Skew: what a service served, by its request log, beside what the warehouse says of it now.

One join finds the values that differ from what the training set would have at the instant of the
request. Only of their requests is looked up what the warehouse said at the clock of the run in
service. The SQL comes from the package's macros, by `dbt compile`; nothing is written to the
warehouse.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from feature_warehouse.dbt_project import DbtProject
from feature_warehouse.declarations.model import Registry, Service
from feature_warehouse.engines import Warehouse
from feature_warehouse.engines.dialect import quote
from feature_warehouse.errors import UsageError
from feature_warehouse.skew.asked import Columns, columns
from feature_warehouse.skew.causes import Histories
from feature_warehouse.skew.computed import judge_computed
from feature_warehouse.skew.log_table import LogTable, log_table
from feature_warehouse.skew.report import FRESHNESS, Example, FeatureSkew, SkewReport
from feature_warehouse.skew.rows import Judged, judged_rows, published_runs

__all__ = ["measure_skew"]

_EXAMPLES: Final = 5
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_FIRST, _LAST = "0001-01-01 00:00:00", "9999-12-31 00:00:00"


def measure_skew(
    project: DbtProject,
    registry: Registry,
    service: str,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    tolerance: int = 1_000_000,
) -> SkewReport:
    """Judge each value that was served from ``start`` on and before ``end`` (naive is UTC).

    ``tolerance`` is how far the clocks of readers and publishers may be apart, in microseconds.
    Raises UsageError, UnreachableError or BusyError.
    """
    name = registry.latest.get(service, service)
    if name not in registry.services:
        raise UsageError(f"there is no service {service!r} in the manifest")
    declared, credentials = registry.services[name], project.profile.credentials
    texts = [_naive(start) if start else _FIRST, _naive(end) if end else _LAST]
    with project.open_warehouse() as warehouse:
        table = log_table(declared, warehouse, credentials)
        counts = _counts(warehouse, table, texts)
    features = _features(declared, table, counts)
    if counts["own"] and table.served:
        plan = project.call("_skew_plan", table.request())
        with project.open_warehouse() as warehouse:
            _judge(warehouse, credentials, table, plan, texts, tolerance, features)
    order = sorted(features.values(), key=lambda one: (-one.wrong, -one.differing))
    return SkewReport(
        service=name,
        fingerprint=declared.fingerprint,
        start=f"{texts[0]}Z".replace(" ", "T") if start else "",
        end=f"{texts[1]}Z".replace(" ", "T") if end else "",
        requests=counts["own"],
        of_another_fingerprint=counts["all"] - counts["own"],
        measured_at=datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        features=order,
    )


def _naive(moment: datetime) -> str:
    """An instant in UTC, as SQL has it."""
    plain = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return plain.isoformat(" ")


def _counts(warehouse: Warehouse, table: LogTable, times: list[str]) -> dict[str, int]:
    """Requests in all, those of the declared fingerprint, and those that got no row of a part."""
    shown = [
        'count(*) as "all"',
        f"count(case when {table.is_own()} then 1 end) as own",
        *(
            f"count(case when {table.is_own()} and {quote(part.columns['status'])} <> 'found'"
            f" then 1 end) as missing_{part.place}"
            for part in table.parts
        ),
    ]
    query = f"select {', '.join(shown)} from {table.relation} where {table.between()}"
    found = columns(warehouse, query, "the request log", 0, *times)
    return {name: values[0] for name, values in found.items()}


def _features(
    service: Service, table: LogTable, counts: Mapping[str, int]
) -> dict[str, FeatureSkew]:
    """Each value of the vector, taken for equal, or for missing where no row was served."""
    own = counts["own"]
    views = {
        name: part.view.name
        for part in service.parts
        for name in (*part.features.values(), *part.instants)
    }
    missing = {
        name: counts[f"missing_{part.place}"] for part in table.parts for name in part.values
    }
    found: dict[str, FeatureSkew] = {}
    for name in service.outputs:
        one = FeatureSkew(name, views.get(name, ""), values=own)
        if why := table.reasons.get(name):
            one.reason, one.not_judged = why, own
        else:
            one.missing = missing.get(name, 0)
            one.equal = own - one.missing
        found[name] = one
    return found


def _judge(
    warehouse: Warehouse,
    credentials: Any,
    table: LogTable,
    plan: Mapping[str, Any],
    times: list[str],
    tolerance: int,
    features: Mapping[str, FeatureSkew],
) -> None:
    """Look at the requests of which a value differs, and count what they are."""
    cut = len(table.prefix)
    found = dict(columns(warehouse, plan["differing"], "the request log", cut, *times))
    requests: Columns = {
        **found,
        **{f"differs_{name}": found.pop(f"differs_{n}") for n, name in enumerate(table.served)},
    }
    computed = {one.name for one in table.on_demand}
    rows = range(len(requests["read"]))
    is_computed = [any(requests[f"differs_{name}"][row] for name in computed) for row in rows]
    judged: dict[int, dict[int, Judged]] = {}
    histories = {one.place: Histories(warehouse, one.declared.view) for one in table.parts}
    for part, query in zip(table.parts, plan["parts"], strict=True):
        differs = [requests[f"differs_{name}"] for name in part.values]
        numbers = [row for row in rows if is_computed[row] or any(one[row] for one in differs)]
        runs = published_runs(warehouse, credentials, part.declared.view.name, tolerance)
        judged[part.place] = judged_rows(
            warehouse, table, part, query, requests, numbers, runs, histories[part.place]
        )
        for number, row in judged[part.place].items():
            status = requests[f"status_{part.place}"][number]
            if row.verdict == "not judged":
                row.verdicts = {
                    name: row.verdict for name in part.values if requests[f"differs_{name}"][number]
                }
            for name, verdict in row.verdicts.items():
                taken = "equal" if status == "found" else "missing"
                _count(features[name], taken, verdict, row, requests, number)
    numbers = [row for row in rows if is_computed[row]]
    for number, name, row in judge_computed(
        warehouse, table, plan["computed"], requests, numbers, judged, histories
    ):
        _count(features[name], "equal", row.verdict, row, requests, number)


def _count(
    feature: FeatureSkew, taken: str, verdict: str, row: Judged, requests: Columns, number: int
) -> None:
    """Note the verdict of a value that was taken for another."""
    if verdict == "equal":
        return
    feature.move(taken, verdict)
    cause = row.cause if verdict in ("wrong", "not judged") else ""
    if verdict == "wrong":
        feature.causes[cause] = feature.causes.get(cause, 0) + 1
    elif verdict == "not judged":
        feature.reason = cause
    elif row.age is not None:
        feature.oldest = max(feature.oldest or 0.0, row.age / 1e6)
        for text, length in FRESHNESS.items():
            is_fresher = row.known_for is not None and row.known_for >= length
            feature.fresher[text] = feature.fresher.get(text, 0) + is_fresher
    alike = [one for one in feature.examples if (one.verdict, one.cause) == (verdict, cause)]
    if len(alike) < _EXAMPLES:
        at = requests["requested_at"][number]
        feature.examples.append(
            Example(
                verdict=verdict,
                cause=cause,
                request_id=requests["request_id"][number],
                position=requests["position"][number],
                requested_at=_text(at),
                age=None if row.age is None else row.age / 1e6,
                known_for=None if row.known_for is None else row.known_for / 1e6,
            )
        )


def _text(microseconds: int) -> str:
    """An instant in UTC."""
    return f"{(_EPOCH + timedelta(microseconds=microseconds)).isoformat()}Z"
