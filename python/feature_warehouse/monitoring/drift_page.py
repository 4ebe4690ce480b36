"""The drift report as one HTML page that needs nothing else: no script, no font, no network."""

from html import escape

from feature_warehouse.monitoring.drift import MEASURES, Bin, DriftReport, FeatureDrift
from feature_warehouse.util.pages import document

__all__ = ["drift_page"]

_BASELINES = {
    "training_set": "all rows of the training set",
    "season": "rows of the training set from the same season",
    "previous_run": "newest rows of all entities before",
}
_MARKS = {"alarm": "▲ alarm", "ok": "✓ ok", "not judged": "○ not judged", "off": "○ off"}

# Blue and orange of M. Okabe and K. Ito, Color Universal Design, 2008, which all kinds of colour
# vision tell apart; the bars of then are hollow besides, and verdicts have words and marks.
_STYLE = """
:root { color-scheme: light dark; --then: #0072b2; --now: #d55e00; --line: #8886; }
@media (prefers-color-scheme: dark) { :root { --then: #56b4e9; --now: #e69f00; } }
* { box-sizing: border-box; }
body { font: 16px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 56rem; padding: 1rem; }
h1 { font-size: 1.5rem; margin: 0.5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 0; overflow-wrap: anywhere; }
p { margin: 0.4rem 0; }
.legend span { margin-right: 1.2rem; white-space: nowrap; }
.key { border: 2px solid; display: inline-block; height: 0.8rem; margin-right: 0.35rem;
  vertical-align: -0.05rem; width: 1.6rem; }
.bar { border: 2px solid; height: 0.65rem; margin: 0.12rem 0; min-width: 2px; }
.then { border-color: var(--then); }
.now { background: var(--now); border-color: var(--now); }
details { border: 1px solid var(--line); border-radius: 0.4rem; margin: 0.7rem 0;
  padding: 0.6rem 0.8rem; }
summary { cursor: pointer; }
summary h2 { display: inline; }
summary .verdict { font-weight: 600; white-space: nowrap; }
.alarm { border-width: 2px; border-color: currentColor; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; }
th, td { padding: 0.15rem 0.5rem 0.15rem 0; text-align: left; vertical-align: top; }
td.number, th.number { text-align: right; white-space: nowrap; }
th { font-weight: 600; }
.figures { margin: 0.5rem 0; max-width: 30rem; }
.over { font-weight: 700; text-decoration: underline; }
.bins td { border-top: 1px solid var(--line); padding: 0.25rem 0.5rem 0.25rem 0; }
.bins td:first-child { overflow-wrap: anywhere; width: 38%; }
.share { text-align: right; white-space: nowrap; width: 4rem; }
"""


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
    title = f"Drift of {report.service}"
    blocks = "\n".join(_block(one) for one in report.features)
    body = f"""<h1>{escape(title)}</h1>
<p>{escape(summary)}</p>
<p>The last {escape(report.last)} before {escape(report.clock)} beside what training set
<code>{escape(report.training_set)}</code> was built on. Bars are shares of the rows that are not
NULL.</p>
<p class="legend"><span><i class="key then"></i>then</span>
<span><i class="key now"></i>now</span></p>
{blocks}"""
    return document(title, _STYLE, body)


def _block(one: FeatureDrift) -> str:
    alarm = one.verdict == "alarm"
    reason = f"<p>{escape(one.reason)}</p>" if one.reason else ""
    content = reason + (_figures(one) + _bins(one) if one.baseline else "")
    return (
        f'<details class="{"alarm" if alarm else "calm"}"{" open" if alarm else ""}>'
        f"<summary><h2>{escape(one.feature)}</h2>"
        f' <span class="verdict">{_MARKS[one.verdict]}</span>'
        f" <small>of {escape(one.view)}</small></summary>{content}</details>"
    )


def _figures(one: FeatureDrift) -> str:
    rows = "".join(
        f'<tr><td>{MEASURES[name]}</td><td class="number{_over(value, one.limits[name])}">'
        f'{value:.3f}</td><td class="number">{one.limits[name]:g}</td></tr>'
        for name, value in one.measures.items()
        if value is not None
    )
    return (
        f"<p>Baseline: {_BASELINES[one.baseline]}. Now {one.now_rows:,} rows of"
        f" {one.entities:,} entities, {_percent(one.now_nulls, one.now_rows)} NULL; then"
        f" {one.then_rows:,} rows, {_percent(one.then_nulls, one.then_rows)} NULL.</p>"
        '<table class="figures"><tr><th>measure</th><th class="number">value</th>'
        f'<th class="number">limit</th></tr>{rows}</table>'
    )


def _over(value: float, limit: float) -> str:
    return " over" if value > limit else ""


def _bins(one: FeatureDrift) -> str:
    if not one.bins:
        return "<p>It has no distribution: only NULLs are counted.</p>"
    now = sum(values.now_rows for values in one.bins)
    then = sum(values.then_rows for values in one.bins)
    shares = [(values.then_rows / (then or 1), values.now_rows / (now or 1)) for values in one.bins]
    longest = max(max(pair) for pair in shares)
    rows = "".join(
        f"<tr><td>{escape(_label(values))}</td>"
        f"<td>{_bar('then', before / longest)}{_bar('now', after / longest)}</td>"
        f'<td class="share">{100 * before:.1f} %<br>{100 * after:.1f} %</td></tr>'
        for values, (before, after) in zip(one.bins, shares, strict=True)
    )
    head = '<tr><th>values</th><th></th><th class="share">share</th></tr>'
    return f'<table class="bins">{head}{rows}</table>'


def _bar(side: str, length: float) -> str:
    return f'<div class="bar {side}" style="width:{100 * length:.2f}%"></div>'


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
