"""What becomes of each feature view that readers may ask for by its name."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any

import msgspec

from feature_warehouse.declarations.model import FeatureView
from feature_warehouse.planning.changes import Change, Detail, Kind, Publishing, Severity, worst
from feature_warehouse.planning.in_service import InService
from feature_warehouse.planning.project import Project, names_of, stands_for_the_same
from feature_warehouse.planning.remedies import add_version, keep_latest
from feature_warehouse.planning.views import (
    columns_differ,
    computed_details,
    looks_like,
    view_details,
)

__all__ = ["ViewChanges"]

_KIND: Kind = "feature view"


class ViewChanges:
    """Those between two projects. A version is told of under its full name, not twice."""

    def __init__(self, before: Project, after: Project, in_service: InService | None) -> None:
        self._before, self._after, self._in_service = before, after, in_service
        noted = after.registry.written_for
        self._spellings = noted.spellings if noted else {}
        self._found: dict[tuple[str, str], tuple[Detail, ...]] = {}
        self._known = names_of(before.registry.views, before.registry.latest)

    def changes(self) -> Iterator[Change]:
        """Without what they break, which services tell."""
        for name in self._known:
            old, new = self._before.view(name), self._after.view(name)
            assert old is not None
            if new is None:
                yield self._removed(name, old)
            elif not stands_for_the_same(name, old.name, new.name):
                yield from self._changed(name, old, new)
        for name, view in self._after.registry.views.items():
            if name not in self._known and name not in self._new_names.values():
                publishing = self._publishing(view, is_full=True) if view.online else None
                yield Change(_KIND, name, "added", Severity.SAFE, publishing=publishing)

    def details(self, old: FeatureView, new: FeatureView) -> tuple[Detail, ...]:
        """All differences of two views, kept: services ask for them again."""
        pair = (old.name, new.name)
        if pair not in self._found:
            inputs = (self._before.inputs(old.unique_id), self._after.inputs(new.unique_id))
            self._found[pair] = (
                *view_details(old, new, self._spellings),
                *computed_details(*inputs, online=old.online),
            )
        return self._found[pair]

    def instead(self, change: Change, old: FeatureView) -> str:
        """How to do the same without breaking anybody."""
        new = self._after.view(change.name)
        if new is None:
            return f"keep {change.name} until nobody reads it; a deprecation_date tells its readers"
        if old.name != new.name:
            return keep_latest(change.name, old.name)
        return add_version(_KIND, old.name)

    def _changed(self, name: str, old: FeatureView, new: FeatureView) -> Iterator[Change]:
        details = list(self.details(old, new))
        if old.name != new.name:
            text = f"the name now means {new.name}"
            details.insert(0, Detail("version", Severity.SAFE, text, old.name, new.name))
        if not details:
            return
        severity = worst([detail.severity for detail in details])
        publishing = None
        if new.online and (severity is not Severity.SAFE or not old.online):
            is_full = old.name != new.name or not old.online or _declared(old) != _declared(new)
            publishing = self._publishing(new, is_full=is_full)
        yield Change(
            _KIND,
            name,
            "changed",
            severity,
            tuple(details),
            columns_differ=columns_differ(old, new),
            publishing=publishing,
        )

    def _removed(self, name: str, old: FeatureView) -> Change:
        severity = Severity.BREAKING if old.online else Severity.SAFE
        guess = self._new_names.get(name)
        text = f"it is now {guess}, as it seems" if guess else "it is gone"
        detail = Detail("removed", severity, text, name, guess, guess=guess is not None)
        return Change(_KIND, name, "renamed" if guess else "removed", severity, (detail,))

    @cached_property
    def _new_names(self) -> dict[str, str]:
        """A guess: of what is gone, the new view that looks like it and has the likeliest name."""
        come = [one for name, one in self._after.registry.views.items() if name not in self._known]
        found: dict[str, str] = {}
        for name, old in self._before.registry.views.items():
            if self._after.view(name) is None:
                likely = [view.name for view in come if looks_like(old, view)]
                likely.sort(key=lambda one: -SequenceMatcher(None, one, name).ratio())
                found |= {name: likely[0]} if likely else {}
        return found

    def _publishing(self, view: FeatureView, *, is_full: bool) -> Publishing:
        rows, memory = None, None
        if self._in_service:
            rows, memory = self._in_service.sizes.get(view.name, (None, None))
        seconds = self._before.seconds | self._after.seconds
        return Publishing(
            "full" if is_full else "compare", rows, memory, seconds.get(view.unique_id)
        )


def _declared(view: FeatureView) -> Any:
    """Rows of two views that differ in this cannot lie in one generation."""
    columns = (*view.join_keys, view.event_timestamp, view.created_timestamp, *view.tie_order)
    return (
        [(one.name, one.data_type) for one in columns if one],
        msgspec.to_builtins([(one.name, one.data_type, one.default) for one in view.features]),
        (view.availability_lag, view.ttl, view.created_timestamp is None),
    )
