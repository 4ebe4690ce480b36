"""What `drift` found of a service: data, which needs neither dbt nor a warehouse."""

from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

__all__ = [
    "MEASURES",
    "SOURCES",
    "Bin",
    "DriftReport",
    "FeatureDrift",
    "Population",
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


def read_reports(folder: Path) -> list[DriftReport]:
    """The reports of a folder that can be read."""
    found: list[DriftReport] = []
    for file in sorted(folder.glob("*.json")):
        with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
            found.append(msgspec.json.decode(file.read_bytes(), type=DriftReport))
    return found
