"""What `materialize` does about names that are published and no longer declared."""

from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from feature_warehouse.errors import UsageError
from feature_warehouse.redis_store.read_marks import KEPT_DAYS, UNREAD_DAYS

if TYPE_CHECKING:
    from feature_warehouse.cli.output.runs import MaterializeReport
    from feature_warehouse.publishing.materialize import Materialization
    from feature_warehouse.publishing.prune import Pruning

__all__ = ["Keep", "Prune", "Pruner", "UnreadDays", "Yes"]

Prune = Annotated[
    bool,
    typer.Option(
        "--prune",
        help="Remove what is no longer declared, was not read lately, and nothing in use needs."
        " Asks first.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Let --prune remove without asking.")]
Keep = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="Let --prune keep this name and what it needs, for readers that leave no marks. May be"
        " repeated.",
    ),
]
UnreadDays = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=KEPT_DAYS,
        show_default=str(UNREAD_DAYS),
        help="Let --prune remove what was not read for so many days.",
    ),
]


class Pruner(msgspec.Struct, frozen=True):
    """The options as they were given."""

    prune: bool
    yes: bool
    keep: list[str] | None
    unread_days: int | None

    def __post_init__(self) -> None:
        if not self.prune and (self.yes or self.keep or self.unread_days is not None):
            raise UsageError("--yes, --keep and --unread-days belong to --prune; pass it too")

    def preview(self, run: "Materialization", report: "MaterializeReport") -> None:
        """Say what is no longer declared, and with --prune what would become of it."""
        if self.prune:
            report.pruning(self._planned(run))
        else:
            report.undeclared(run.undeclared())

    def carry_out(self, run: "Materialization", report: "MaterializeReport") -> None:
        """The same, and do it."""
        if not self.prune:
            report.undeclared(run.undeclared())
            return
        pruning = self._planned(run)
        report.pruning(pruning)
        agreed = pruning.doomed
        if agreed and not self.yes:
            if not report.agreed(agreed):
                return
            # Somebody may have read while we waited for the answer.
            pruning = self._planned(run)
        for name in run.prune(pruning, agreed):
            report.pruned(name)

    def _planned(self, run: "Materialization") -> "Pruning":
        days = UNREAD_DAYS if self.unread_days is None else self.unread_days
        return run.pruning(keep=self.keep or (), unread_days=days)
