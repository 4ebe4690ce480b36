"""Drift: the features that a service would be asked for now beside those its model was trained on.

What is compared with what, and all figures, come from the package's macros, by `dbt compile`;
nothing is written to the warehouse.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from feature_warehouse.dbt_project import DbtProject
from feature_warehouse.errors import UsageError

__all__ = [
    "MEASURES",
    "SOURCES",
    "Bin",
    "DriftReport",
    "FeatureDrift",
    "Population",
    "measure_drift",
    "read_reports",
]

MEASURES: Final = {
    "psi": "PSI",
    "jensen_shannon": "Jensen-Shannon",
    "kolmogorov_smirnov": "Kolmogorov-Smirnov",
    "null_share": "NULL share",
    "new_values": "new values",
}
"""What is measured, and what it is called.

The population stability index over ten bins of equal mass in the baseline, half a row added to
each; the Jensen-Shannon distance to base 2 over the same bins; the two-sample Kolmogorov-Smirnov
statistic over all values, of numbers; the absolute change of the share of NULLs; the share of
values, of categories, that the baseline does not have.
"""

SOURCES: Final = {
    "requests": "logged requests",
    "labels": "label rows",
    "newest_rows": "newest rows of all entities",
}
"""Which rows are those of now, and what they are called."""


class Population(NamedTuple):
    """Features whose rows of now are the same.

    ``view`` is that of newest rows, else empty; ``note`` says why they are not logged requests.
    """

    source: str
    view: str
    note: str
    rows: int
    features: tuple[str, ...]


class Bin(msgspec.Struct, frozen=True):
    """Some values of a feature and how many rows have them.

    Numbers from ``lowest`` to ``highest``; or one ``category``, None for all others.
    """

    kind: str
    lowest: float | None
    highest: float | None
    category: str | None
    now_rows: int
    then_rows: int


class FeatureDrift(msgspec.Struct, frozen=True):
    """One feature. ``verdict`` is ``alarm``, ``ok``, ``not judged`` or ``off``, with its reason.

    ``measures`` and ``limits`` go by the names of MEASURES; a measure is None where it has no
    meaning. ``entities`` counts the different entities among the rows of now. An on-demand feature
    has an ``expression`` and no ``view``. ``source``, one of SOURCES, says what the rows of now
    are; it is empty where the feature is off. ``note`` says why they are not logged requests,
    unless label rows were asked for.
    """

    feature: str
    view: str
    baseline: str
    verdict: str
    reason: str
    now_rows: int = 0
    then_rows: int = 0
    now_nulls: int = 0
    then_nulls: int = 0
    entities: int = 0
    measures: dict[str, float | None] = {}
    limits: dict[str, float] = {}
    bins: tuple[Bin, ...] = ()
    expression: str = ""
    source: str = ""
    note: str = ""

    @property
    def worst(self) -> float:
        """The greatest measure as a multiple of its limit."""
        return max(
            (
                value / self.limits[name] if self.limits[name] else float("inf") * bool(value)
                for name, value in self.measures.items()
                if value
            ),
            default=0.0,
        )


class DriftReport(msgspec.Struct, frozen=True):
    """All features of a service, worst first. ``clock`` is an ISO instant in UTC.

    ``requests`` were logged in the time that is compared by the ``fingerprint`` of the service,
    ``of_another_fingerprint`` by others, which are left out; nothing is known of either where only
    label rows were asked for. ``measured_at`` is when, by our clock.
    """

    service: str
    training_set: str
    clock: str
    last: str
    features: tuple[FeatureDrift, ...]
    fingerprint: str = ""
    requests: int = 0
    of_another_fingerprint: int = 0
    measured_at: str = ""

    @property
    def alarms(self) -> tuple[FeatureDrift, ...]:
        """The features that have drifted too far."""
        return tuple(one for one in self.features if one.verdict == "alarm")

    @property
    def populations(self) -> list[Population]:
        """What the rows of now are, logged requests first."""
        found: dict[tuple[str, str, str], list[FeatureDrift]] = {}
        for one in self.features:
            if one.source:
                view = one.view if one.source == "newest_rows" else ""
                found.setdefault((one.source, view, one.note), []).append(one)
        order = list(SOURCES)
        return [
            Population(
                *key, max(one.now_rows for one in group), tuple(one.feature for one in group)
            )
            for key, group in sorted(
                found.items(), key=lambda item: (order.index(item[0][0]), *item[0])
            )
        ]

    @property
    def rows(self) -> dict[str, int]:
        """How many rows of now there are of each of SOURCES; of all views that have newest rows."""
        found: dict[str, dict[str, int]] = {}
        for one in self.populations:
            views = found.setdefault(one.source, {})
            views[one.view] = max(views.get(one.view, 0), one.rows)
        return {source: sum(views.values()) for source, views in found.items()}

    def told(self) -> list[str]:
        """What the rows of now are, in sentences."""
        groups = self.populations
        lines: list[str] = []
        for one in groups:
            of = f" of {_listed(one.features)}" if len(groups) > 1 else ""
            rows = SOURCES[one.source] + (f" of {one.view}" if one.view else "")
            why = f", because {one.note}" if one.note else ""
            lines.append(f"now{of}: {one.rows:,} {rows}{why}")
        if self.of_another_fingerprint:
            lines.append(
                f"{self.of_another_fingerprint:,} logged requests have another fingerprint than"
                f" {self.fingerprint}, and are left out"
            )
        return lines


_MOST_NAMES: Final = 5


def _listed(names: tuple[str, ...]) -> str:
    more = len(names) - _MOST_NAMES
    shown = ", ".join(names[:_MOST_NAMES])
    return f"{shown} and {more} more" if more > 0 else shown


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


def read_reports(folder: Path) -> list[DriftReport]:
    """The reports of a folder that can be read."""
    found: list[DriftReport] = []
    for file in sorted(folder.glob("*.json")):
        with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
            found.append(msgspec.json.decode(file.read_bytes(), type=DriftReport))
    return found


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
