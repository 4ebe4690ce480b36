"""The drift report as one HTML page that needs nothing else: no script, no font, no network."""

from typing import Any

from feature_warehouse.monitoring.drift_report import (
    MEASURES,
    SOURCES,
    Bin,
    DriftReport,
    FeatureDrift,
)
from feature_warehouse.util.pages import page
from feature_warehouse.util.pictures import then_and_now

__all__ = ["drift_page"]

_BASELINES = {
    "training_set": "all rows of the training set",
    "season": "rows of the training set from the same season",
    "previous_run": "{} before",
}
_MARKS = {"alarm": "▲ alarm", "ok": "✓ ok", "not judged": "○ not judged", "off": "○ off"}


def drift_page(report: DriftReport) -> str:
    """The page; alarms stand open and first."""
    alarms = len(report.alarms)
    judged = sum(one.verdict in ("alarm", "ok") for one in report.features)
    summary = (
        f"{alarms} of {judged} judged features drifted too far."
        if alarms
        else f"None of {judged} judged features drifted too far."
    )
    unjudged = len(report.features) - judged
    if unjudged:
        summary += f" {unjudged} not judged."
    return page(
        "drift.html",
        title=f"Drift of {report.service}",
        summary=summary,
        report=report,
        told=[line[0].upper() + line[1:] for line in report.told()],
        features=[_feature(one) for one in report.features],
    )


def _feature(one: FeatureDrift) -> dict[str, Any]:
    """What the template shows of a feature."""
    now = sum(values.now_rows for values in one.bins)
    then = sum(values.then_rows for values in one.bins)
    shares = [(values.then_rows / (then or 1), values.now_rows / (now or 1)) for values in one.bins]
    longest = max(map(max, shares), default=1.0)
    bins = [
        {
            "label": _label(values),
            "then": before,
            "now": after,
            "then_length": before / longest,
            "now_length": after / longest,
        }
        for values, (before, after) in zip(one.bins, shares, strict=True)
    ]
    return {
        "feature": one.feature,
        "view": one.view,
        "expression": one.expression,
        "is_alarm": one.verdict == "alarm",
        "mark": _MARKS[one.verdict],
        "style": {"alarm": "bad", "ok": "good"}.get(one.verdict, "quiet"),
        "picture": then_and_now(
            [(values.then_rows, values.now_rows) for values in one.bins], 120, 28
        ),
        "reason": one.reason,
        "baseline": _BASELINES[one.baseline].format(_rows(one)) if one.baseline else None,
        "rows": _rows(one),
        "note": one.note,
        "now_rows": f"{one.now_rows:,}",
        "then_rows": f"{one.then_rows:,}",
        "entities": f"{one.entities:,}",
        "now_nulls": _percent(one.now_nulls, one.now_rows),
        "then_nulls": _percent(one.then_nulls, one.then_rows),
        "figures": [
            {"name": MEASURES[name], "value": value, "limit": one.limits[name]}
            for name, value in one.measures.items()
            if value is not None
        ],
        "bins": bins,
    }


def _rows(one: FeatureDrift) -> str:
    return SOURCES.get(one.source, "")


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "none"


def _label(values: Bin) -> str:
    if values.kind == "range":
        low, high = _number(values.lowest), _number(values.highest)
        return low if low == high else f"{low} to {high}"
    if values.kind == "category":
        return values.category or "(empty)"
    return "other values" if values.kind == "others" else "new values"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.6g}"
