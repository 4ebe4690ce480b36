"""What is published and no longer declared: what of it goes, and why the rest stays."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

import msgspec

from feature_warehouse.declarations.model import Registry
from feature_warehouse.errors import UsageError
from feature_warehouse.publishing.generations import Generations
from feature_warehouse.publishing.locks import locked
from feature_warehouse.publishing.services import Services
from feature_warehouse.redis_store import cluster, layout, read_marks
from feature_warehouse.redis_store.connection import reachable
from feature_warehouse.redis_store.find import listed, stored
from feature_warehouse.util.durations import readable
from feature_warehouse.util.spelling import hint

__all__ = ["Pruning", "Undeclared", "not_declared"]

_DAY_MS: Final = 86_400_000


class Undeclared(msgspec.Struct, frozen=True):
    """A name that is published and not declared; ``kept`` says why it stays, if it does."""

    name: str
    kept: str = ""


class Pruning(msgspec.Struct, frozen=True):
    """What is not declared.

    ``marked`` tells whether any name of the store, declared or not, has a mark of a reader: if none
    has, readers may lack the right to leave any.
    """

    undeclared: list[Undeclared]
    marked: bool

    @property
    def doomed(self) -> list[str]:
        """What goes, in the order in which it does: readers before what they read."""
        return [one.name for one in self.undeclared if not one.kept]

    @classmethod
    def planned(
        cls,
        client: Any,
        names: layout.Names,
        registry: Registry,
        *,
        keep: Collection[str] = (),
        unread_days: int = read_marks.UNREAD_DAYS,
    ) -> "Pruning":
        """As things stand now.

        What was read within so many days stays, and what ``keep`` names, and what these and the
        declared names need, as they are published. Every key of the server is looked at, for what
        a run that was killed has left is on no list. UsageError if something would go and ``keep``
        names what is not published.
        """
        with reachable(client):
            known = {*listed(client, names), *stored(client, names)}
            services = Services(client, names)
            published, lost = services.published(), services.without_description()
            read = read_marks.last_read(client, names, sorted(known))
            now = cluster.earliest_clock(client)
        reasons = {
            name: f"it was read {readable(max(0, now - at) * 1000)} ago"
            for name, at in read.items()
            if now - at < unread_days * _DAY_MS
        }
        reasons |= dict.fromkeys(known.intersection(keep), "--keep names it")
        undeclared = not_declared(registry, known)
        in_use = (known - set(undeclared)) | reasons.keys()
        reasons |= _needed(in_use, published, lost, undeclared)
        found = [Undeclared(name, reasons.get(name, "")) for name in undeclared]
        found.sort(key=lambda one: (one.name not in published, one.name))
        plan = cls(found, bool(read))
        if plan.doomed and (missing := sorted(set(keep) - known)):
            raise UsageError(
                f"--keep names {', '.join(missing)}, which is not published in {names.store}, so"
                f" nothing is removed{hint(missing[0], known)}"
            )
        return plan

    def carry_out(
        self, client: Any, names: layout.Names, *, agreed: Collection[str], wait: bool
    ) -> Iterator[str]:
        """Remove what goes, as far as that is ``agreed``, and say so one by one.

        BusyError if a run holds a lock.
        """
        for name in self.doomed:
            if name in agreed:
                with reachable(client), locked(client, names, name, wait=wait):
                    Generations(client, names, name, repairs=True).remove_view()
                yield name


def not_declared(registry: Registry, known: Collection[str]) -> list[str]:
    """Those that are no online view, service or other name that readers may ask for."""
    declared = {view.name for view in registry.views.values() if view.online}
    return sorted(set(known) - declared - registry.services.keys() - registry.served_names.keys())


def _needed(
    in_use: Collection[str],
    published: Mapping[str, layout.Service],
    lost: Collection[str],
    undeclared: Collection[str],
) -> dict[str, str]:
    """What names in use lead to, directly or not, and which of them does."""
    found: dict[str, str] = {}
    looked: set[str] = set()
    waiting = sorted(in_use)
    while waiting:
        reader = waiting.pop()
        if reader in looked:
            continue
        looked.add(reader)
        if reader in lost:
            # Those who knew it before still read; nobody else can tell what.
            needed = set(undeclared)
            why = f"{reader} has lost its description and may need it"
        elif service := published.get(reader):
            needed = {part.view for part in service.parts} | {service.stands_for} - {""}
            why = f"{reader} needs it"
        else:
            continue
        for name in needed - set(in_use):
            found.setdefault(name, why)
        waiting += sorted(needed)
    return found
