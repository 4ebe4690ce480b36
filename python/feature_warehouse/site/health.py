"""What is unhealthy, worst first."""

from collections.abc import Iterator
from datetime import UTC, datetime

from feature_warehouse.codec.rows import from_microseconds
from feature_warehouse.declarations.model import FeatureView, Service
from feature_warehouse.site.model import Problem, Project
from feature_warehouse.site.places import Places
from feature_warehouse.util.durations import readable

__all__ = ["day", "problems_of", "time_of"]


def problems_of(project: Project, places: Places) -> list[Problem]:
    """Stale views and sources, failed gates and tests, drift, wrong values; then what warns."""
    found = [
        *_views(project, places),
        *_sources(project, places),
        *_tests(project, places),
        *_drifts(project, places),
        *_skews(project, places),
        *_deprecated(project, places),
    ]
    return sorted(found, key=lambda one: one.order)


def _views(project: Project, places: Places) -> Iterator[Problem]:
    for view in project.registry.views.values():
        yield from _freshness(project, places, view)
        runs = project.measured.gates.get(view.name, ())
        if not runs:
            continue
        last = runs[-1]
        found = f"{last.failed} of {len(last.checks)} expectations failed"
        if last.status != "passed":
            yield places.problem("bad", "gate failed", view, f"{found}, {time_of(last.at)}")
        elif last.warnings:
            warned = f"{last.warnings} of {len(last.checks)} expectations not met"
            yield places.problem("warn", "gate warning", view, f"{warned}, {time_of(last.at)}")


def _freshness(project: Project, places: Places, view: FeatureView) -> Iterator[Problem]:
    if not view.online or not project.measured.has_status:
        return
    status = project.measured.status.get(view.name)
    if status is None:
        yield places.problem("warn", "not published", view, "declared with online: true")
    elif status.ttl is not None and status.age is not None and status.age > status.ttl:
        detail = f"newest event {readable(status.age)} old, ttl {readable(status.ttl)}"
        yield places.problem("bad", "stale", view, detail)


def _sources(project: Project, places: Places) -> Iterator[Problem]:
    """Of each view that is made of a source that is not fresh."""
    if not project.measured.sources:
        return
    for view in project.registry.views.values():
        for source in project.graph.sources_of(view.unique_id):
            found = project.measured.sources.get(source.unique_id)
            if found is None or not found.severity:
                continue
            said = found.told if found.age is None else f"newest row {readable(found.age)} old"
            detail = ", ".join((f"{source.name}: {said}", *found.limits))
            what = "source stale" if found.severity == "bad" else "source warning"
            yield places.problem(found.severity, what, view, detail)


def _tests(project: Project, places: Places) -> Iterator[Problem]:
    for model, tests in project.graph.tests.items():
        for test in tests:
            result = project.measured.tests.get(test.unique_id)
            if result is None or result.verdict not in ("failed", "warning"):
                continue
            owner = places.of_column(model, test.column)
            if owner is None:
                continue
            said = test.name + (f": {result.failures:,} rows" if result.failures else "")
            if result.verdict == "warning":
                yield owner.problem("warn", "test warning", said)
            else:
                yield owner.problem("bad", "test failed", said)


def _drifts(project: Project, places: Places) -> Iterator[Problem]:
    for service, report in project.measured.drifts.items():
        for one in report.alarms:
            owner = places.served(service, one.feature)
            yield owner.problem("bad", "drift alarm", f"in {service}: {one.reason}")


def _skews(project: Project, places: Places) -> Iterator[Problem]:
    for service, report in project.measured.skews.items():
        for one in report.features:
            if one.wrong:
                owner = places.served(service, one.feature)
                said = f"in {service}: {one.wrong:,} of {one.values:,} served values"
                yield owner.problem("bad", "served wrong", said)


def _deprecated(project: Project, places: Places) -> Iterator[Problem]:
    today = datetime.fromtimestamp(project.now / 1_000_000, UTC).date().isoformat()
    declared: list[FeatureView | Service] = [*project.registry.views.values()]
    declared += project.registry.services.values()
    for one in declared:
        if one.deprecation_date and one.deprecation_date <= today:
            yield places.problem("warn", "deprecated", one, f"since {one.deprecation_date}")


def time_of(instant: int) -> str:
    """An instant in microseconds for a person, to the minute."""
    return f"{from_microseconds(instant):%Y-%m-%d %H:%M} UTC"


def day(instant: int) -> str:
    """Its day."""
    return f"{from_microseconds(instant):%Y-%m-%d}"
