"""What a served row was, by the point-in-time rule: the law, for one row at a time.

All instants are microseconds since 1970 UTC.
"""

from typing import NamedTuple

import msgspec

from feature_warehouse.publishing.run_plan import GRACE
from feature_warehouse.skew.runs import Bounds

__all__ = ["Judgement", "Served", "Version", "View", "judge"]


class Version(NamedTuple):
    """Of a row; one without a created timestamp is the older of two."""

    event: int
    created: int | None

    @property
    def order(self) -> tuple[int, int]:
        """Greater for the newer row."""
        return self.event, -(2**63) if self.created is None else self.created


class View(NamedTuple):
    """What the rule has to know of a view; ``lag`` is the availability lag in microseconds."""

    lag: int
    has_created: bool
    has_windows: bool

    def available(self, row: Version) -> int:
        """From when on a row could be known."""
        due = row.event + self.lag
        return due if row.created is None else max(due, row.created)


class Served(NamedTuple):
    """What a read got of a view, and what the warehouse says of it.

    ``asked`` is the instant that ttl and ages were measured at. ``before`` is the newest row that
    was available at ``Bounds.certain``, whatever its age, and ``is_before`` whether it has the
    values that were served; ``after`` the newest at ``asked``, or at the clock of the run in
    service if that is later. ``is_held`` tells whether the warehouse has a row with the version and
    the values that were served; of an expired row, of which no values are served, with the version.
    """

    is_found: bool
    version: Version | None
    asked: int
    before: Version | None
    is_before: bool
    after: Version | None
    is_held: bool


class Judgement(msgspec.Struct, frozen=True):
    """``verdict`` is equal, stale, late, wrong or not judged; ``known_for`` is in microseconds.

    It is not judged if the row may not have been kept until the read, which asked about the past.
    ``has_before`` and ``has_after`` tell whether the rows before and after were within their ttl.
    """

    verdict: str
    known_for: int | None = None
    has_before: bool = False
    has_after: bool = False


def judge(served: Served, bounds: Bounds, view: View) -> Judgement:
    """What was served, as a row: features of it may still have equal values."""
    has_before = _is_fresh(served.before, served, bounds)
    has_after = _is_fresh(served.after, served, bounds)
    verdict, known_for = "wrong", None
    is_explained = _is_explained(served, bounds, view, has_before=has_before)
    # Such a row does not tell when the warehouse learned of it.
    does_tell = view.has_created and (served.before is None or served.before.created is not None)
    is_behind = not is_explained and _is_behind(served, has_before)
    is_untold = is_behind and not does_tell
    after = served.after if has_after else None
    if is_explained or is_untold:
        verdict = "equal"
        if after is not None and (
            not served.is_found or (served.version or after).order < after.order
        ):
            verdict = "late" if is_untold or after.event + view.lag <= bounds.clock else "stale"
            known_for = max(served.asked - view.available(after), 0)
        elif is_untold:
            verdict = "late"
    elif is_behind and _is_dropped(served.before, bounds):
        verdict = "not judged"
    return Judgement(verdict, known_for, has_before, has_after)


def _is_fresh(row: Version | None, served: Served, bounds: Bounds) -> bool:
    ttl = bounds.run.ttl
    return row is not None and (ttl is None or row.event >= served.asked - ttl)


def _is_explained(served: Served, bounds: Bounds, view: View, *, has_before: bool) -> bool:
    """Whether some rows that readers may have known give what was served."""
    if not served.is_found or served.version is None:
        return not has_before
    if served.version == served.before and served.is_before:
        return True
    if view.has_windows and served.version.event > bounds.certain:
        # The build computed ahead which events would leave; the next one has computed it again.
        return served.version.event <= bounds.upper
    is_newer = served.before is None or served.version.order >= served.before.order
    return (
        bounds.upper > bounds.certain
        and served.is_held
        and is_newer
        and view.available(served.version) <= bounds.upper
    )


def _is_behind(served: Served, has_before: bool) -> bool:
    """Whether it is what was there without the row before, or without one that ties with it."""
    if served.version is None or not served.is_found:
        return has_before
    return served.is_held and (
        served.before is not None and served.version.order <= served.before.order
    )


def _is_dropped(row: Version | None, bounds: Bounds) -> bool:
    """Whether it was past its ttl and grace when it was read or published."""
    ttl = bounds.run.ttl
    return row is not None and ttl is not None and row.event + ttl + GRACE < bounds.dropped
