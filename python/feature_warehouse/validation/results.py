"""What the gate found, as it goes into the result file."""

from typing import Any, Final

import msgspec

__all__ = ["RESULTS", "CheckResult", "GateResult"]

RESULTS: Final = "results.json"
"""The file with what the pages of a run say."""


class CheckResult(msgspec.Struct, omit_defaults=True):
    """One expectation. ``reason`` is one line that says what it found, where it failed.

    ``rows`` were looked at, of which ``unexpected`` failed; ``examples`` are some of these.
    ``observed`` is the figure of an expectation of all rows. ``skipped`` says why it was not
    judged. Values of columns with personal data are masked.
    """

    expectation: str
    arguments: dict[str, Any]
    severity: str
    origin: str
    success: bool
    reason: str = ""
    skipped: str = ""
    raised: bool = False
    rows: int | None = None
    unexpected: int | None = None
    observed: Any = None
    examples: list[str] = []


class GateResult(msgspec.Struct):
    """What became of one view. ``status`` is passed, failed or error; ``report`` an HTML page.

    ``rows`` is the number of newest rows, ``rows_checked`` of those about to be published.
    ``failures`` stop the view, ``warnings`` do not; each is one line. ``seconds`` leave out the
    import of Great Expectations, which a run makes once.
    """

    view: str
    status: str = "passed"
    message: str = ""
    exit_code: int = 0
    rows: int = 0
    rows_checked: int = 0
    failures: list[str] = []
    warnings: list[str] = []
    report: str | None = None
    seconds: float = 0.0
    checks: list[CheckResult] = []
