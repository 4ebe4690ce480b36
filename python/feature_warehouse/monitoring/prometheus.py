"""What monitors read: what Redis says and how the last run went, as Prometheus text.

The format is 0.0.4 of the text exposition:
https://prometheus.io/docs/instrumenting/exposition_formats/ Base units throughout, instants in
seconds since 1970 UTC. What is not known has no sample.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from feature_warehouse.monitoring.drift_report import DriftReport
from feature_warehouse.monitoring.status import Status, ViewStatus

__all__ = ["exposition"]

_PREFIX: Final = "feature_warehouse_"

Labels = Mapping[str, str]
Sample = tuple[Labels, float | int | None]

_OF_VIEWS: Final[Sequence[tuple[str, str, Callable[[ViewStatus], float | int | None]]]] = (
    ("view_rows", "Rows of the view in service.", lambda view: view.rows),
    (
        "view_newest_event_timestamp_seconds",
        "Event timestamp of the newest row in service.",
        lambda view: _seconds(view.newest_event),
    ),
    (
        "view_newest_event_age_seconds",
        "Time since the newest event, on the clock that readers live on.",
        lambda view: _seconds(view.age),
    ),
    (
        "view_ttl_seconds",
        "How long after its event timestamp a row may be used; no sample without a limit.",
        lambda view: _seconds(view.ttl),
    ),
    ("view_memory_bytes", "Memory of the rows, estimated from a sample.", lambda view: view.memory),
    ("view_generation", "Number of the generation in service.", lambda view: view.generation),
    (
        "view_last_run_timestamp_seconds",
        "When the last run that published the view ended.",
        lambda view: _seconds(view.published_at),
    ),
    (
        "view_last_run_duration_seconds",
        "How long that run took over the view.",
        lambda view: view.seconds_of_last_run,
    ),
    (
        "view_last_run_clock_timestamp_seconds",
        "The instant that this run used as the current time.",
        lambda view: _seconds(view.clock_of_last_run),
    ),
    (
        "view_watermark_timestamp_seconds",
        "This run saw all rows that were loaded up to this instant.",
        lambda view: _seconds(view.watermark),
    ),
    (
        "view_clock_is_simulated",
        "1 if readers live at a fixed instant, else 0.",
        lambda view: int(view.clock is not None),
    ),
)


def exposition(
    status: Status,
    results: Mapping[str, Any] | None,
    skews: Mapping[str, tuple[str, Mapping[str, int]]] | None = None,
    drifts: Iterable[DriftReport] = (),
) -> str:
    """All families; those of the last run only where its result file is there.

    ``skews`` are, for each service, when skew was measured and how many values had which verdict;
    ``drifts`` the last report of each service.
    """
    store = {"project": status.project, "environment": status.environment}
    lines: list[str] = []
    for name, help_text, value in _OF_VIEWS:
        samples = [({**store, "view": view.view}, value(view)) for view in status.views]
        lines += _family(name, help_text, samples)
    lines += _family(
        "service_features",
        "Number of features of the service.",
        [
            ({**store, "service": one.service, "fingerprint": one.fingerprint}, one.features)
            for one in status.services
        ],
    )
    lines += _family(
        "last_read_timestamp_seconds",
        "When a service, or a view by its own name, was last read by who may leave marks.",
        [({**store, "name": name}, _seconds(at)) for name, at in status.last_read.items()],
    )
    logs = [({**store, "service": log.service}, log) for log in status.request_logs]
    lines += _family(
        "request_log_waiting_messages",
        "Messages of the request log that wait to be drained.",
        [(at, log.waiting) for at, log in logs],
    )
    lines += _family(
        "request_log_written_total",
        "Entities whose reads were written to the request log.",
        [(at, log.written) for at, log in logs],
        "counter",
    )
    lines += _family(
        "request_log_dropped_total",
        "Entities whose reads were not, for want of room or of rights.",
        [(at, log.dropped) for at, log in logs],
        "counter",
    )
    measured = [({**store, "service": name}, *found) for name, found in (skews or {}).items()]
    lines += _family(
        "skew_values",
        "Served values by verdict, as `skew` last found them on this machine.",
        [
            ({**at, "verdict": verdict}, count)
            for at, _, counts in measured
            for verdict, count in counts.items()
        ],
    )
    lines += _family(
        "skew_measured_timestamp_seconds",
        "When that was.",
        [(at, _timestamp(moment)) for at, moment, _ in measured],
    )
    lines += _of_drift(store, list(drifts))
    if results is not None:
        lines += _of_last_run(results)
    return "\n".join(lines) + "\n"


def _of_drift(store: Labels, reports: Sequence[DriftReport]) -> Iterable[str]:
    found = [({**store, "service": one.service}, one) for one in reports]
    return [
        *_family(
            "drift_features",
            "Features by verdict and by the rows of now, as `drift` last found on this machine.",
            [
                ({**at, "verdict": verdict, "source": source}, count)
                for at, report in found
                for (verdict, source), count in Counter(
                    (one.verdict, one.source) for one in report.features
                ).items()
            ],
        ),
        *_family(
            "drift_rows",
            "Rows of now: logged requests, label rows, or newest rows of all views.",
            [
                ({**at, "source": source}, rows)
                for at, report in found
                for source, rows in report.rows.items()
            ],
        ),
        *_family(
            "drift_measured_timestamp_seconds",
            "When that was.",
            [(at, _timestamp(report.measured_at)) for at, report in found],
        ),
    ]


def _of_last_run(content: Mapping[str, Any]) -> Iterable[str]:
    metadata = _mapping(content.get("metadata"))
    run = {name: str(metadata.get(name, "")) for name in ("project", "environment")}
    views = [
        ({**run, "view": str(one["view"])}, one) for one in _entries(content, "results", "view")
    ]
    services = [
        ({**run, "service": str(one["service"])}, one)
        for one in _entries(content, "services", "service")
    ]
    succeeded = "1 if the last run published it, else 0."
    return [
        *_family(
            "materialize_clock_timestamp_seconds",
            "The instant that the last run used as the current time.",
            [(run, _timestamp(metadata.get("clock")))],
        ),
        *_family("materialize_success", succeeded, [(at, _success(one)) for at, one in views]),
        *_family(
            "materialize_duration_seconds",
            "How long the last run took over the view.",
            [(at, _number(one.get("seconds"))) for at, one in views],
        ),
        *_family(
            "materialize_rows_written",
            "Rows that the last run wrote.",
            [(at, _number(one.get("rows_written"))) for at, one in views],
        ),
        *_family(
            "materialize_rows_read",
            "Entities whose newest row the last run read.",
            [(at, _number(one.get("rows_read"))) for at, one in views],
        ),
        *_family(
            "materialize_gate_success",
            "1 if the view passed its data-quality gate, else 0; no sample without a gate.",
            [(at, _gate(one)) for at, one in views],
        ),
        *_family(
            "materialize_gate_warnings",
            "Expectations of severity warn that failed.",
            [(at, _warnings(one)) for at, one in views],
        ),
        *_family(
            "materialize_service_success", succeeded, [(at, _success(one)) for at, one in services]
        ),
    ]


def _entries(content: Mapping[str, Any], kind: str, key: str) -> list[Mapping[str, Any]]:
    entries = content.get(kind)
    return [_mapping(one) for one in entries or () if _mapping(one).get(key)]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> float | int | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _success(one: Mapping[str, Any]) -> int:
    return int(one.get("status") == "success")


def _gate_of(one: Mapping[str, Any]) -> Any:
    return one.get("gate", one.get("validation"))


def _gate(one: Mapping[str, Any]) -> int | None:
    """A status, a yes or no, or a mapping with one of them."""
    gate = _gate_of(one)
    if isinstance(gate, dict):
        gate = gate.get("status", gate.get("success"))
    if isinstance(gate, bool):
        return int(gate)
    return int(gate.lower() in _PASSED) if isinstance(gate, str) and gate else None


_PASSED: Final = ("passed", "pass", "success", "succeeded", "ok", "warn", "warning")


def _warnings(one: Mapping[str, Any]) -> int | None:
    found = _mapping(_gate_of(one)).get("warnings")
    return len(found) if isinstance(found, list) else None


def _seconds(microseconds: int | None) -> float | None:
    return None if microseconds is None else microseconds / 1_000_000


def _timestamp(text: Any) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except (TypeError, ValueError):
        return None


def _family(name: str, help_text: str, samples: Iterable[Sample], kind: str = "gauge") -> list[str]:
    """Help, type and samples of one metric; nothing where there is no sample."""
    known = [(labels, value) for labels, value in samples if value is not None]
    if not known:
        return []
    escaped = help_text.replace("\\", "\\\\").replace("\n", "\\n")
    lines = [f"# HELP {_PREFIX}{name} {escaped}", f"# TYPE {_PREFIX}{name} {kind}"]
    for labels, value in known:
        pairs = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        lines.append(f"{_PREFIX}{name}{{{pairs}}} {value!r}")
    return lines


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
