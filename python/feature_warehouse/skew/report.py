"""What `feature-warehouse skew` finds, as data."""

from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from feature_warehouse.util.durations import readable

__all__ = [
    "CAUSES",
    "FRESHNESS",
    "VERDICTS",
    "Example",
    "FeatureSkew",
    "SkewReport",
    "described",
    "read_reports",
]

VERDICTS: Final = {
    "equal": "what the training set has for that instant",
    "missing": "nothing was served, and there was nothing",
    "stale": "right at the clock of the run in service; something has happened since",
    "late": "right at the clock of the run in service; the warehouse learned of an earlier event"
    " after it",
    "wrong": "no version of the row explains it",
    "not judged": "it cannot be computed again",
}
"""What is said of a served value."""

CAUSES: Final = {
    "lost": "the row was in Redis before: it was evicted or deleted",
    "not written": "a run should have written a row, and readers did not get it",
    "rewritten": "rows that the run had seen were deleted, changed or added in the warehouse",
    "changed": "the row in Redis was damaged or written by something else than a run",
    "changed or rewritten": "the row was changed in Redis or in the warehouse; a view without a"
    " created timestamp, or whose columns have changed, does not tell which",
    "ahead": "the row was not available at the clock of any run: something else wrote it, or clocks"
    " differ",
    "hidden input": "an on-demand feature is not what the warehouse says of a hidden input, of"
    " which the log has no value: it was changed in Redis, or computed otherwise",
    "computed otherwise": "an on-demand feature or an age is not what the served row gives",
}
"""Why a value can be wrong."""

FRESHNESS: Final = {
    "1 minute": 60_000_000,
    "15 minutes": 900_000_000,
    "1 hour": 3_600_000_000,
    "1 day": 86_400_000_000,
}
"""How old the knowledge of readers may be, in microseconds."""


class Example(msgspec.Struct, frozen=True):
    """A served value that is not equal.

    ``age`` is how long before the read the run in service had its clock, ``known_for`` how long
    before it the row was available that was not served yet; both in seconds, None where there is
    no such run or row. Instants are ISO texts in UTC.
    """

    verdict: str
    cause: str
    request_id: str
    position: int
    requested_at: str
    age: float | None
    known_for: float | None


class FeatureSkew(msgspec.Struct):
    """What was served of a feature; each of ``values`` has one verdict.

    ``view`` is empty for an on-demand feature. ``causes`` counts those of the wrong values.
    ``fresher`` counts, of the stale and late ones, those that would have been equal had the
    knowledge of readers been no older than each of FRESHNESS. ``oldest`` is the greatest age of a
    run that a stale or late value is owed to, in seconds. ``reason`` says why no value is judged.
    """

    feature: str
    view: str
    values: int = 0
    equal: int = 0
    missing: int = 0
    stale: int = 0
    late: int = 0
    wrong: int = 0
    not_judged: int = 0
    reason: str = ""
    causes: dict[str, int] = {}
    fresher: dict[str, int] = {}
    oldest: float | None = None
    examples: list[Example] = []

    def move(self, taken: str, verdict: str) -> None:
        """Count a value that was ``taken`` for another before."""
        for name, change in ((taken, -1), (verdict, 1)):
            field = name.replace(" ", "_")
            setattr(self, field, getattr(self, field) + change)

    def counts(self) -> dict[str, int]:
        """Values by verdict, in the order of VERDICTS."""
        return {verdict: getattr(self, verdict.replace(" ", "_")) for verdict in VERDICTS}

    @property
    def shares(self) -> tuple[int, int, int]:
        """Right values, those that a later run would have served, and wrong ones."""
        return self.equal + self.missing, self.stale + self.late, self.wrong

    @property
    def differing(self) -> int:
        """Values that are neither equal nor missing."""
        return self.stale + self.late + self.wrong


class SkewReport(msgspec.Struct, frozen=True):
    """A service's served values, the worst feature first.

    ``start`` and ``end`` are ISO instants in UTC; ``requests`` entities were logged between them by
    this fingerprint, ``of_another_fingerprint`` by others, which are not judged. ``measured_at`` is
    when, by our clock.
    """

    service: str
    fingerprint: str
    start: str
    end: str
    requests: int
    of_another_fingerprint: int
    measured_at: str
    features: list[FeatureSkew]

    @property
    def wrong(self) -> int:
        """Wrong values."""
        return sum(one.wrong for one in self.features)

    def totals(self) -> dict[str, int]:
        """Values by verdict, in the order of VERDICTS."""
        found = [one.counts() for one in self.features]
        return {verdict: sum(counts[verdict] for counts in found) for verdict in VERDICTS}


def described(feature: FeatureSkew) -> str:
    """The counts of a feature in a line, without those that are 0."""
    parts = [f"{count:,} {verdict}" for verdict, count in feature.counts().items() if count]
    if feature.stale + feature.late and feature.oldest is not None:
        parts.append(f"oldest run {readable(round(feature.oldest * 1_000_000))} before the read")
    text = ", ".join(parts) or "nothing was served"
    return f"{text} ({feature.reason})" if feature.not_judged else text


def read_reports(folder: Path) -> list[SkewReport]:
    """The reports of a folder that can be read."""
    found: list[SkewReport] = []
    for file in sorted(folder.glob("*.json")):
        with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
            found.append(msgspec.json.decode(file.read_bytes(), type=SkewReport))
    return found
