"""What becomes of each service that readers may ask for, and of its training set."""

from collections.abc import Iterator

import msgspec

from feature_warehouse.declarations.model import Service
from feature_warehouse.planning.changes import Breaks, Change, Detail, Kind, Severity, worst
from feature_warehouse.planning.in_service import InService
from feature_warehouse.planning.project import (
    Project,
    is_served,
    names_of,
    stands_for_the_same,
)
from feature_warehouse.planning.remedies import add_version, keep_latest
from feature_warehouse.planning.services import (
    noticed,
    service_details,
    training_details,
)
from feature_warehouse.planning.view_changes import ViewChanges

__all__ = ["ServiceChanges"]

_KIND: Kind = "service"


class ServiceChanges:
    """Those between two projects, and between what is in service and the later one."""

    def __init__(
        self, before: Project, after: Project, in_service: InService | None, views: ViewChanges
    ) -> None:
        self._before, self._after, self._views = before, after, views
        self._deployed = in_service.fingerprints if in_service else {}

    def changes(self) -> list[Change]:
        """All of them, with what they break."""
        found = {change.name: change for change in self._declared()}
        for name, fingerprint in self._deployed.items():
            new, change = self._after.service(name), found.get(name)
            is_told = change is not None and change.severity is Severity.BREAKING
            if new is not None and new.fingerprint != fingerprint and not is_told:
                found[name] = _of_neither(name, fingerprint, new, change)
        return list(found.values())

    def _declared(self) -> Iterator[Change]:
        before = self._before.registry
        for name in names_of(before.services, before.latest):
            old, new = self._before.service(name), self._after.service(name)
            assert old is not None
            if new is None:
                yield self._with_broken(self._removed(name, old), old)
            elif not stands_for_the_same(name, old.name, new.name):
                for change in self._changed(name, old, new):
                    yield self._with_broken(change, old)
        for name, service in self._after.registry.services.items():
            if self._before.service(name) is None:
                after = service.fingerprint
                yield Change(_KIND, name, "added", Severity.SAFE, fingerprint_after=after)

    def _changed(self, name: str, old: Service, new: Service) -> Iterator[Change]:
        details = [
            *service_details(old, new),
            *self._from_views(old, new),
            *training_details((self._before, old), (self._after, new)),
        ]
        if is_served(old) and not is_served(new):
            offline = sorted({part.view.name for part in new.parts if not part.view.online})
            text = f"it is no longer served, for {', '.join(offline)} is not online"
            details.insert(0, Detail("online", Severity.BREAKING, text))
        if old.name != new.name:
            text = f"the name now means {new.name}"
            details.insert(0, Detail("version", Severity.SAFE, text, old.name, new.name))
        if details:
            yield Change(
                _KIND,
                name,
                "changed",
                worst([detail.severity for detail in details]),
                tuple(details),
                fingerprint_before=old.fingerprint,
                fingerprint_after=new.fingerprint,
            )

    def _from_views(self, old: Service, new: Service) -> list[Detail]:
        """What a service notices of changes of the views that it is made of."""
        views = {output: part.view for part in new.parts for output in part.features.values()}
        found: dict[tuple[str, str], Detail] = {}
        for part in old.parts:
            name = part.view.name
            others = {view.name: view for out in part.features.values() if (view := views.get(out))}
            for other in others.values():
                for detail in noticed(self._views.details(part.view, other), part):
                    found[name, detail.text] = msgspec.structs.replace(
                        detail, what=f"{name}: {detail.what}", text=f"{name}: {detail.text}"
                    )
        return list(found.values())

    def _removed(self, name: str, old: Service) -> Change:
        severity = Severity.BREAKING if is_served(old) else Severity.SAFE
        guess = self._same_elsewhere(old, name)
        text = f"it is now {guess}, as it seems" if guess else "it is gone"
        return Change(
            _KIND,
            name,
            "renamed" if guess else "removed",
            severity,
            (Detail("removed", severity, text, name, guess, guess=guess is not None),),
            fingerprint_before=old.fingerprint,
        )

    def _with_broken(self, change: Change, old: Service) -> Change:
        if change.severity is not Severity.BREAKING:
            return change
        now = self._after.registry.latest
        also = (
            name
            for name, full in self._before.registry.latest.items()
            if full == now.get(name) == change.name
        )
        deployed = self._deployed.get(change.name)
        stays = deployed in (None, change.fingerprint_after)
        breaks = Breaks(
            services=(change.name, *also),
            training_sets=(old.training_set,),
            exposures=tuple(self._before.exposures(old.unique_id)),
            deployed=() if stays else (f"{change.name} {deployed}",),
        )
        return msgspec.structs.replace(change, breaks=breaks, instead=self._instead(change, old))

    def _same_elsewhere(self, old: Service, name: str) -> str | None:
        """Another name under which the fingerprint is served afterwards."""
        same = self._after.served.get(old.fingerprint, [])
        return next((one for one in same if one != name), None)

    def _instead(self, change: Change, old: Service) -> str:
        new = self._after.service(change.name)
        if same := self._same_elsewhere(old, change.name):
            return f"readers of {change.name} can read {same}, which has their fingerprint"
        if new is None:
            return f"keep {old.training_set} until nobody reads {change.name}"
        if old.name != new.name:
            return keep_latest(change.name, old.name)
        return add_version("training set", old.training_set)


def _of_neither(name: str, fingerprint: str, new: Service, change: Change | None) -> Change:
    """What is in service with another fingerprint than either manifest has."""
    text = f"in service is {fingerprint}, which is of neither manifest"
    detail = Detail("deployed", Severity.BREAKING, text, fingerprint, new.fingerprint)
    return Change(
        _KIND,
        name,
        "changed",
        Severity.BREAKING,
        (detail, *(change.details if change else ())),
        fingerprint_before=fingerprint,
        fingerprint_after=new.fingerprint,
        breaks=Breaks((name,), (new.training_set,), (), (f"{name} {fingerprint}",)),
        instead=add_version("training set", new.training_set),
    )
