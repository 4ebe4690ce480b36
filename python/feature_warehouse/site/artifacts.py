"""What earlier commands left in a target folder: results of dbt, reports of gate, drift, skew.

It may be of another version, or cut off: what cannot be read is named in a note and left out.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from feature_warehouse.codec.rows import to_microseconds
from feature_warehouse.declarations.model import FeatureView, Registry, Service
from feature_warehouse.monitoring.drift_report import DriftReport, FeatureDrift
from feature_warehouse.site.model import Check, GateRun, Measured, SourceFreshness, TestResult
from feature_warehouse.skew.report import SkewReport
from feature_warehouse.validation.results import RESULTS, CheckResult, GateResult

__all__ = ["read_artifacts"]

_Content = TypeVar("_Content")


class _TestRun(msgspec.Struct):
    unique_id: str
    status: str
    failures: int | None = None


class _Results(msgspec.Struct):
    results: list[_TestRun] = []


class _Age(msgspec.Struct):
    count: int | None = None
    period: str | None = None


class _Criteria(msgspec.Struct):
    warn_after: _Age | None = None
    error_after: _Age | None = None


class _Source(msgspec.Struct):
    unique_id: str
    status: str
    max_loaded_at: datetime | None = None
    snapshotted_at: datetime | None = None
    criteria: _Criteria | None = None


class _Sources(msgspec.Struct):
    results: list[_Source] = []


def read_artifacts(target: Path, registry: Registry, measured: Measured) -> None:
    """Add what is in a target folder. Values of columns flagged as personal data are left out.

    That they were not flagged yet when a report was written makes no difference.
    """
    if results := _read(target / "run_results.json", _Results, measured):
        measured.tests = {
            one.unique_id: TestResult(one.status, one.failures or 0)
            for one in results.results
            if one.unique_id.startswith("test.")
        }
    if sources := _read(target / "sources.json", _Sources, measured):
        measured.sources = {one.unique_id: _freshness(one) for one in sources.results}
    gates: dict[str, list[GateRun]] = {}
    for run in sorted((target / "validation").glob(f"*Z/{RESULTS}")):
        at = _start(run.parent.name)
        found = _read(run, list[GateResult], measured) if at else None
        for result in found or ():
            view = registry.views.get(result.view)
            if view is not None and at:
                gates.setdefault(view.name, []).append(_gate(result, view, at))
    measured.gates = {view: tuple(runs) for view, runs in gates.items()}
    for file in sorted((target / "drift").glob("*.json")):
        report = _read(file, DriftReport, measured)
        if report and (service := registry.services.get(report.service)):
            measured.drifts[service.name] = _drift(report, service)
    for file in sorted((target / "skew").glob("*.json")):
        skew = _read(file, SkewReport, measured)
        if skew and skew.service in registry.services:
            measured.skews[skew.service] = skew


def _read(file: Path, kind: type[_Content], measured: Measured) -> _Content | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        name = "/".join(file.parts[-2:])
        measured.notes.append(f"{name} could not be read and is left out")
        return None


def _freshness(one: _Source) -> SourceFreshness:
    ages = one.criteria or _Criteria()
    limits = {"warn": ages.warn_after, "error": ages.error_after}
    return SourceFreshness(
        status=one.status,
        checked_at=_microseconds(one.snapshotted_at),
        newest_row=_microseconds(one.max_loaded_at),
        limits=tuple(
            f"{what} after {age.count} {age.period}{'s' if age.count != 1 else ''}"
            for what, age in limits.items()
            if age is not None and age.count is not None
        ),
    )


def _microseconds(instant: datetime | None) -> int | None:
    if instant is None:
        return None
    return to_microseconds(instant if instant.tzinfo else instant.replace(tzinfo=UTC))


def _start(name: str) -> int | None:
    """The instant by which a report's folder is named."""
    try:
        found = datetime.strptime(name, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        return None
    return to_microseconds(found)


def _gate(result: GateResult, view: FeatureView, at: int) -> GateRun:
    personal = {column.name for column in view.columns if column.pii}
    checks = tuple(_check(check, personal) for check in result.checks)
    return GateRun(at=at, status=result.status, rows=result.rows, checks=checks)


def _check(check: CheckResult, personal: set[str]) -> Check:
    """Its counts; what is found of rows, and the bounds of personal data, stay where they are."""
    columns = tuple(_columns(check.arguments))
    told = {
        name: value
        for name, value in check.arguments.items()
        if not name.startswith("column") and not personal & set(columns)
    }
    verdict: Literal["passed", "failed", "warning", "skipped"]
    verdict = "failed" if check.severity != "warn" else "warning"
    if check.success:
        verdict = "skipped" if check.skipped else "passed"
    return Check(
        expectation=check.expectation,
        columns=columns,
        arguments=", ".join(f"{name} {_text(value)}" for name, value in told.items()),
        verdict=verdict,
        rows=check.rows,
        unexpected=check.unexpected,
    )


def _columns(arguments: Mapping[str, Any]) -> Iterator[str]:
    for name, value in arguments.items():
        if name.startswith("column"):
            yield from (map(str, value) if isinstance(value, list) else [str(value)])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _drift(report: DriftReport, service: Service) -> DriftReport:
    personal = service.personal | {one.name for one in service.on_demand if one.pii}
    features = tuple(_masked(one) if one.feature in personal else one for one in report.features)
    return msgspec.structs.replace(report, features=features)


def _masked(one: FeatureDrift) -> FeatureDrift:
    """Without its distribution; a share of NULLs tells no value."""
    measures = {name: one.measures[name] for name in ("null_share",) if name in one.measures}
    return msgspec.structs.replace(one, bins=(), measures=measures)
