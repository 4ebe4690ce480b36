"""Drift: the features that a service would be asked for now beside those its model was trained on.

What is compared with what, and all figures, come from the package's macros, by `dbt compile`;
nothing is written to the warehouse.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from feature_warehouse.dbt_project import DbtProject
from feature_warehouse.errors import UsageError
from feature_warehouse.monitoring.drift_report import MEASURES, Bin, DriftReport, FeatureDrift

__all__ = ["measure_drift"]


def measure_drift(
    project: DbtProject,
    service: str,
    *,
    clock: datetime | None = None,
    last: str = "7 days",
    source: str = "auto",
) -> DriftReport:
    """Compare now with then, for every feature of a service.

    Now are the requests of the ``last`` length of time before the ``clock`` (the real one by
    default; naive is UTC), as the request log has them in the warehouse. Where it has none of a
    feature, or too few to be judged, and for the ``source`` ``labels``, it is the label rows of
    that time with the features they were served; or, of views with the baseline ``previous_run``,
    the newest rows of all entities. For the source ``requests`` it is logged requests alone. Raises
    UsageError, UnreachableError or BusyError.
    """
    clock = clock or datetime.now(UTC)
    instant = (clock if clock.tzinfo else clock.replace(tzinfo=UTC)).astimezone(UTC)
    text = instant.isoformat().replace("+00:00", "Z")
    request = {"service": service, "clock": text, "last": last, "source": source}
    plan = project.call("_drift_plan", request)
    found = [
        FeatureDrift(
            off["feature"],
            off["view"],
            "",
            "off",
            off["reason"],
            expression=off["expression"],
            note=off["note"],
        )
        for off in plan["off"]
    ]
    with project.open_warehouse() as warehouse:
        for comparison in plan["queries"]:
            with warehouse.rows(comparison["query"], f"the drift of service {service!r}") as reader:
                rows = reader.read_all().to_pylist()
            rules = {rule["name"]: rule for rule in comparison["features"]}
            found += _features(rows, rules)
    if not found:
        raise UsageError(f"service {service!r} has no features")
    order = ["alarm", "ok", "not judged", "off"]
    found.sort(key=lambda one: (order.index(one.verdict), -one.worst, one.feature))
    return DriftReport(
        service,
        plan["training_set"],
        text,
        last,
        tuple(found),
        fingerprint=plan["fingerprint"],
        requests=plan["requests"],
        of_another_fingerprint=plan["others"],
        measured_at=datetime.now(UTC).isoformat().replace("+00:00", "Z"),
    )


def _features(
    rows: Iterable[dict[str, Any]], rules: dict[str, dict[str, Any]]
) -> list[FeatureDrift]:
    """One for each feature; the query has a row for each of its bins."""
    by_feature: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_feature.setdefault(row["feature"], []).append(row)
    return [_feature(group, rules[name]) for name, group in by_feature.items()]


def _feature(rows: list[dict[str, Any]], rule: dict[str, Any]) -> FeatureDrift:
    first = rows[0]
    verdict, reason = "ok", ""
    if first["not_judged"]:
        verdict, reason = "not judged", first["not_judged"]
    elif first["alarms"]:
        verdict = "alarm"
        reason = ", ".join(
            f"{MEASURES[name]} {first[name]:.3g} > {first[f'{name}_limit']:g}"
            for name in first["alarms"].split(", ")
        )
    return FeatureDrift(
        feature=first["feature"],
        view=rule["view"],
        baseline=rule["baseline"],
        verdict=verdict,
        reason=reason,
        now_rows=first["now_rows"],
        then_rows=first["then_rows"],
        now_nulls=first["now_nulls"],
        then_nulls=first["then_nulls"],
        entities=first["entities"],
        measures={name: first[name] for name in MEASURES},
        limits={name: first[f"{name}_limit"] for name in MEASURES},
        bins=tuple(_bin(row) for row in rows if row["bin"] is not None),
        expression=rule["expression"],
        source=rule["source"],
        note=rule["note"],
    )


_OTHERS, _NEW = 20, 21


def _bin(row: dict[str, Any]) -> Bin:
    kinds = {_OTHERS: "others", _NEW: "new"}
    kind = "range" if row["lowest"] is not None else kinds.get(row["bin"], "category")
    return Bin(
        kind=kind,
        lowest=row["lowest"],
        highest=row["highest"],
        category=row["category"],
        now_rows=row["bin_now"],
        then_rows=row["bin_then"],
    )
