"""What the site is made of, as data: projects, what was measured of them, and what is unhealthy."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from feature_warehouse.declarations.model import Registry, Service
from feature_warehouse.monitoring.drift_report import DriftReport
from feature_warehouse.monitoring.status import ViewStatus
from feature_warehouse.site.cards import Card
from feature_warehouse.site.graph import Graph
from feature_warehouse.skew.report import SkewReport

__all__ = [
    "Check",
    "GateRun",
    "Measured",
    "Problem",
    "Project",
    "Run",
    "SourceFreshness",
    "Statistics",
    "TestResult",
    "Use",
]


class Statistics(msgspec.Struct, frozen=True):
    """A row of ``feature_statistics``: the newest rows of a view, as a run found them.

    Instants are microseconds since 1970 UTC. ``histogram`` counts the values in equal parts between
    minimum and maximum; ``top_values`` are the most frequent ones with their numbers.
    """

    computed_at: int
    newest_event: int | None
    rows: int
    nulls: int
    distinct: int | None = None
    mean: float | None = None
    minimum: float | None = None
    p05: float | None = None
    p25: float | None = None
    p50: float | None = None
    p75: float | None = None
    p95: float | None = None
    maximum: float | None = None
    histogram: tuple[int, ...] = ()
    top_values: tuple[tuple[str, int], ...] = ()

    @property
    def quantiles(self) -> tuple[float, ...]:
        """5, 25, 50, 75 and 95 %; none of what has no order of numbers."""
        five = (self.p05, self.p25, self.p50, self.p75, self.p95)
        return tuple(value for value in five if value is not None)

    @property
    def null_share(self) -> float:
        """Of all rows, 0 without any."""
        return self.nulls / self.rows if self.rows else 0.0


class Check(msgspec.Struct, frozen=True):
    """An expectation as the gate judged it: counts, and no value of a row."""

    expectation: str
    columns: tuple[str, ...]
    arguments: str
    verdict: Literal["passed", "failed", "warning", "skipped"]
    rows: int | None
    unexpected: int | None


class GateRun(msgspec.Struct, frozen=True):
    """What the gate found of a view in one run, which began at ``at``, in microseconds UTC."""

    at: int
    status: str
    rows: int
    checks: tuple[Check, ...]

    @property
    def warnings(self) -> int:
        """Expectations that failed and stop nothing."""
        return sum(check.verdict == "warning" for check in self.checks)

    @property
    def failed(self) -> int:
        """Expectations that failed and stopped the view."""
        return sum(check.verdict == "failed" for check in self.checks)


class TestResult(msgspec.Struct, frozen=True):
    """What the last dbt command said of a test: ``status`` is dbt's word."""

    status: str
    failures: int

    @property
    def verdict(self) -> str:
        """``passed``, ``failed`` or ``warning``; dbt's word of what was not run."""
        named = {"pass": "passed", "success": "passed", "warn": "warning"}
        named |= dict.fromkeys(("fail", "error", "runtime error"), "failed")
        return named.get(self.status, self.status)


class SourceFreshness(msgspec.Struct, frozen=True):
    """What `dbt source freshness` said of a source, at ``checked_at``; instants in microseconds.

    ``status`` is dbt's word; ``limits`` say how old its newest row may be.
    """

    status: str
    checked_at: int | None = None
    newest_row: int | None = None
    limits: tuple[str, ...] = ()

    @property
    def age(self) -> int | None:
        """That of its newest row when dbt looked, in microseconds."""
        if self.checked_at is None or self.newest_row is None:
            return None
        return max(0, self.checked_at - self.newest_row)

    @property
    def severity(self) -> Literal["bad", "warn", ""]:
        """Empty of a source that is as fresh as it should be."""
        if self.status in ("pass", "success"):
            return ""
        return "warn" if self.status == "warn" else "bad"

    @property
    def told(self) -> str:
        """In a few words, without the times."""
        if self.age is None:
            return "fresh" if not self.severity else "its freshness could not be asked"
        return "fresh" if not self.severity else "not fresh"


class Run(msgspec.Struct, frozen=True):
    """A run of `materialize` over a view, as the publication log has it; times in microseconds."""

    mode: str
    started_at: int
    finished_at: int
    clock: int


class Measured(msgspec.Struct):
    """What there is beyond the manifest; empty where nobody has measured it.

    ``statistics`` are by view and feature, oldest first; ``gates`` and ``runs`` by view, oldest
    first; ``drifts`` and ``skews`` by service; ``cards`` by training set; ``tests`` and ``sources``
    by unique id. ``notes`` say what could not be read.
    """

    statistics: dict[tuple[str, str], tuple[Statistics, ...]] = {}
    gates: dict[str, tuple[GateRun, ...]] = {}
    drifts: dict[str, DriftReport] = {}
    skews: dict[str, SkewReport] = {}
    cards: dict[str, Card] = {}
    tests: dict[str, TestResult] = {}
    sources: dict[str, SourceFreshness] = {}
    status: dict[str, ViewStatus] = {}
    runs: dict[str, tuple[Run, ...]] = {}
    published: frozenset[str] = frozenset()
    has_status: bool = False
    notes: list[str] = []


class Use(msgspec.Struct, frozen=True):
    """A service that uses a feature, under ``names``; none where it is a hidden input only."""

    service: Service
    names: tuple[str, ...]


class Project(msgspec.Struct, frozen=True):
    """One manifest and what was measured of it; ``now`` is the time of the build, microseconds."""

    registry: Registry
    graph: Graph
    measured: Measured
    uses: Mapping[tuple[str, str], tuple[Use, ...]]
    services_of: Mapping[str, tuple[Service, ...]]
    now: int

    @property
    def name(self) -> str:
        """The project's name in dbt."""
        return self.registry.project


class Problem(msgspec.Struct, frozen=True):
    """Something that a person should look at: what, in a few words, and whose it is."""

    severity: Literal["bad", "warn"]
    what: str
    kind: str
    name: str
    address: str
    detail: str
    project: str

    @property
    def order(self) -> tuple[bool, str, str]:
        """By which the worst stands first."""
        return self.severity != "bad", self.what, self.name
