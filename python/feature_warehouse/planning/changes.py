"""A plan as data: what changes, how much it matters, and whom it breaks."""

from enum import StrEnum
from typing import Literal

import msgspec

__all__ = ["Breaks", "Change", "Detail", "Kind", "Plan", "Publishing", "Severity", "worst"]

Kind = Literal["feature view", "service", "label set"]


class Severity(StrEnum):
    """How much a change matters to readers of the online store.

    After a ``safe`` one every read has the answer it had. A ``republish`` keeps names, types and
    fingerprints, and values may be others. A ``breaking`` one refuses reads, or takes features
    away from them.
    """

    SAFE = "safe"
    REPUBLISH = "republish"
    BREAKING = "breaking"


_ORDER = list(Severity)


def worst(severities: "list[Severity]") -> Severity:
    """The most severe of them; safe if there is none."""
    return max(severities, key=_ORDER.index, default=Severity.SAFE)


class Detail(msgspec.Struct, frozen=True):
    """One difference. ``feature`` is the one it is about, where it is not about all of them.

    ``spared`` are features that it is not about. ``guess`` is true of what the manifests do not
    say, such as that a feature was renamed.
    """

    what: str
    severity: Severity
    text: str
    before: str | None = None
    after: str | None = None
    feature: str | None = None
    guess: bool = False
    spared: tuple[str, ...] = ()


class Breaks(msgspec.Struct, frozen=True):
    """Whom a change breaks, by name; ``deployed`` are in service, as ``name fingerprint``."""

    services: tuple[str, ...] = ()
    training_sets: tuple[str, ...] = ()
    exposures: tuple[str, ...] = ()
    deployed: tuple[str, ...] = ()


class Publishing(msgspec.Struct, frozen=True):
    """How the next run will publish a view: ``mode`` as in ``run_plan``, as far as one can tell.

    ``rows`` and ``memory`` (bytes, estimated) are those of the generation in service, if the store
    was asked. ``seconds`` is what dbt needed to build the view the last time.
    """

    mode: Literal["full", "compare"]
    rows: int | None = None
    memory: int | None = None
    seconds: float | None = None


class Change(msgspec.Struct, frozen=True):
    """What becomes of one name that readers may ask for.

    A service's fingerprints are those before and after; that of a view itself depends on types that
    only the warehouse knows, so ``columns_differ`` says whether it will be another one. ``instead``
    says how to do the same without breaking anybody.
    """

    kind: Kind
    name: str
    status: Literal["added", "removed", "renamed", "changed"]
    severity: Severity
    details: tuple[Detail, ...] = ()
    fingerprint_before: str | None = None
    fingerprint_after: str | None = None
    columns_differ: bool = False
    breaks: Breaks = Breaks()
    instead: str = ""
    publishing: Publishing | None = None
    allowed: bool = False


class Plan(msgspec.Struct, frozen=True):
    """All changes, the most severe first. ``store`` is named if Redis was asked."""

    project: str
    against: str
    changes: tuple[Change, ...]
    store: str | None = None

    @property
    def severity(self) -> Severity:
        """Of the whole."""
        return worst([change.severity for change in self.changes])

    @property
    def refused(self) -> list[str]:
        """The names of what is breaking and not allowed."""
        return [
            change.name
            for change in self.changes
            if change.severity is Severity.BREAKING and not change.allowed
        ]

    def of(self, kind: Kind, name: str) -> Change | None:
        """The change of one name, if there is one."""
        found = (each for each in self.changes if (each.kind, each.name) == (kind, name))
        return next(found, None)
