"""The skew report as one HTML page that needs nothing else: no script, no font, no network."""

from typing import Any

from feature_warehouse.skew.report import (
    CAUSES,
    VERDICTS,
    Example,
    FeatureSkew,
    SkewReport,
    described,
)
from feature_warehouse.util.durations import readable
from feature_warehouse.util.pages import page
from feature_warehouse.util.pictures import stacked

__all__ = ["skew_page"]


def skew_page(report: SkewReport) -> str:
    """The page; features with wrong values stand open and first."""
    summary = f"{report.wrong:,} values of {report.requests:,} entities are wrong."
    if report.of_another_fingerprint:
        summary += f" {report.of_another_fingerprint:,} entities had another fingerprint."
    return page(
        "skew.html",
        title=f"Skew of {report.service}",
        summary=summary,
        report=report,
        totals=[
            {"name": verdict, "text": VERDICTS[verdict], "count": f"{count:,}"}
            for verdict, count in report.totals().items()
        ],
        features=[_feature(one) for one in report.features],
    )


def _feature(one: FeatureSkew) -> dict[str, Any]:
    """What the template shows of a feature."""
    return {
        "feature": one.feature,
        "origin": f"of {one.view}" if one.view else "computed at the request",
        "picture": stacked(one.shares, 120),
        "is_alarm": bool(one.wrong),
        "mark": f"▲ {described(one)}" if one.wrong else f"○ {described(one)}",
        "reason": one.reason,
        "counts": _rows(one.counts()),
        "causes": [
            {"name": cause, "text": CAUSES[cause], "count": f"{count:,}"}
            for cause, count in one.causes.items()
        ],
        "fresher": _rows(one.fresher),
        "examples": [_example(each) for each in one.examples],
    }


def _rows(counts: dict[str, int]) -> list[dict[str, str]]:
    return [{"name": name, "text": "", "count": f"{count:,}"} for name, count in counts.items()]


def _example(one: Example) -> dict[str, Any]:
    return {
        "verdict": one.verdict,
        "cause": one.cause,
        "request_id": one.request_id,
        "position": one.position,
        "requested_at": one.requested_at,
        "age": _length(one.age),
        "known_for": _length(one.known_for),
    }


def _length(seconds: float | None) -> str:
    return "" if seconds is None else readable(round(seconds * 1_000_000))
