"""What the gate says: a line for each expectation that failed, with counts and examples."""

from math import isfinite
from typing import Any, Final

from feature_warehouse.declarations.expectations import Check
from feature_warehouse.validation.results import CheckResult
from feature_warehouse.validation.sql.binding import MASK, shown

__all__ = ["mask", "result_of", "skipped", "title_of"]

_COUNTS: Final = ("unexpected_count", "missing_count")


def result_of(check: Check, judged: Any, examples: list[str], *, personal: bool) -> CheckResult:
    """The verdict of Great Expectations in our words; what raised an exception has failed."""
    found = dict(judged.result or {})
    exception = _exception(judged.exception_info)
    raised = exception is not None
    result = CheckResult(
        expectation=check.kind,
        arguments=_told(check),
        severity=check.severity,
        origin=check.origin,
        success=bool(judged.success) and not raised,
        raised=raised,
        rows=found.get("element_count"),
        unexpected=found.get("unexpected_count"),
        observed=_plain(found.get("observed_value")),
        examples=examples,
    )
    if not result.success:
        what = _failure(check, found, exception, examples, personal=personal)
        origin = "" if check.origin == "expectations" else f" [{check.origin}]"
        result.reason = f"{title_of(check)}: {what}{origin}"
    return result


def skipped(check: Check, why: str) -> CheckResult:
    """A check that there was nothing to judge by."""
    return CheckResult(
        expectation=check.kind,
        arguments=_told(check),
        severity=check.severity,
        origin=check.origin,
        success=True,
        skipped=why,
    )


def mask(judged: Any) -> None:
    """Take the figures of a column with personal data out of a verdict."""
    if "observed_value" in judged.result:
        judged.result["observed_value"] = MASK
    judged.result.pop("details", None)


def title_of(check: Check) -> str:
    """The expectation and its arguments in a line."""
    arguments = ", ".join(f"{name}={_brief(value)}" for name, value in _told(check).items())
    return f"{check.kind}({arguments})"


def _told(check: Check) -> dict[str, Any]:
    return {name: value for name, value in check.arguments.items() if name != "relation"}


def _brief(value: Any) -> str:
    return shown(value) if not isinstance(value, str) else value


def _failure(
    check: Check,
    found: dict[str, Any],
    exception: str | None,
    examples: list[str],
    *,
    personal: bool,
) -> str:
    if exception is not None:
        what = (
            "the reason is not shown, because it may hold personal data" if personal else exception
        )
        return f"it could not be judged: {what}"
    if check.kind == "row_count_change":
        return f"there are {found['observed_value']:,} rows now"
    if check.kind == "freshness":
        newest = found.get("observed_value")
        return f"the newest row is from {newest}" if newest is not None else "there is no row"
    if "element_count" in found:
        rows, failed = found["element_count"], found["unexpected_count"]
        share = f" ({100 * failed / rows:.3g} %)" if rows else ""
        some = f", such as {'; '.join(examples)}" if examples else ""
        return f"{failed:,} of {rows:,} rows fail{share}{some}"
    if any(name in found for name in _COUNTS):
        return _sets(found)
    return f"it is {_brief(found.get('observed_value'))}"


def _sets(found: dict[str, Any]) -> str:
    parts = []
    for name, what in (("unexpected", "not in the set"), ("missing", "missing")):
        if count := found.get(f"{name}_count"):
            some = ", ".join(map(shown, found.get(f"partial_{name}_list", ())))
            parts.append(f"{count:,} distinct values are {what}, such as {some}")
    return "; ".join(parts)


def _exception(info: Any) -> str | None:
    """The first line of what was raised; Great Expectations nests it where a metric did."""
    content = info.to_json_dict() if hasattr(info, "to_json_dict") else info
    if not isinstance(content, dict):
        return None
    if content.get("raised_exception"):
        return " ".join(str(content.get("exception_message")).split())
    nested = [_exception(value) for value in content.values() if isinstance(value, dict)]
    return next((text for text in nested if text is not None), None)


def _plain(value: Any) -> Any:
    """A value that JSON has, whatever it is."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return str(value)
