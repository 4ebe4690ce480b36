"""In what two declarations of a feature view differ, and how much each difference matters."""

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Any, Final

import msgspec

from feature_warehouse.declarations.annotations import default_text
from feature_warehouse.declarations.key_types import types_agree
from feature_warehouse.declarations.model import Column, FeatureView
from feature_warehouse.planning.changes import Detail, Severity
from feature_warehouse.planning.project import Inputs
from feature_warehouse.util.durations import readable

__all__ = ["columns_differ", "computed_details", "looks_like", "view_details"]

_ALIKE: Final = 0.6
"""How alike names must be, from 0 to 1, for one to be taken for the other's new name."""

Spellings = Mapping[str, Any]


def view_details(before: FeatureView, after: FeatureView, spellings: Spellings) -> list[Detail]:
    """All differences of two declarations. Of a view that nobody reads online, all are safe."""
    found = [
        *_key_details(before, after, spellings),
        *_feature_details(before, after),
        *_time_details(before, after),
        *_told_details(before, after),
    ]
    if not before.online:
        found = [msgspec.structs.replace(one, severity=Severity.SAFE) for one in found]
    if before.online and not after.online:
        found.insert(0, Detail("online", Severity.BREAKING, "it is no longer published"))
    elif after.online and not before.online:
        found.insert(0, Detail("online", Severity.SAFE, "it is published from now on"))
    return found


def _key_details(before: FeatureView, after: FeatureView, spellings: Spellings) -> Iterator[Detail]:
    old = {key.name: key for key in before.join_keys}
    new = {key.name: key for key in after.join_keys}
    if old.keys() != new.keys():
        yield _changed("join keys", Severity.BREAKING, ", ".join(old), ", ".join(new))
        return
    if list(old) != list(new):
        yield _changed("join keys", Severity.REPUBLISH, ", ".join(old), ", ".join(new))
    for name, key in old.items():
        kind, other = key.data_type, new[name].data_type
        if kind != other:
            agree = types_agree(kind, other, spellings)
            severity = Severity.REPUBLISH if agree else Severity.BREAKING
            yield _changed(f"type of join key {name}", severity, kind, other)


def _feature_details(before: FeatureView, after: FeatureView) -> Iterator[Detail]:
    old = {feature.name: feature for feature in before.features}
    new = {feature.name: feature for feature in after.features}
    gone = [feature for name, feature in old.items() if name not in new]
    come = [feature for name, feature in new.items() if name not in old]
    renamed = _renamed(gone, come)
    for feature in gone:
        name = renamed.get(feature.name)
        yield Detail(
            "renamed feature" if name else "removed feature",
            Severity.BREAKING,
            f"{feature.name} is now {name}, as it seems" if name else f"{feature.name} is gone",
            before=feature.name,
            after=name,
            feature=feature.name,
            guess=name is not None,
        )
    for feature in come:
        if feature.name not in renamed.values():
            text = f"{feature.name} ({feature.data_type}) is new"
            yield Detail(
                "added feature", Severity.REPUBLISH, text, after=feature.name, feature=feature.name
            )
    both = [name for name in old if name in new]
    for name in both:
        yield from _column_details(old[name], new[name])
    if both != [name for name in new if name in old]:
        yield _changed("order of features", Severity.REPUBLISH, ", ".join(old), ", ".join(new))


def _column_details(before: Column, after: Column) -> Iterator[Detail]:
    name = before.name
    if before.data_type != after.data_type:
        # Of one name, two spellings may round differently: timestamp(0) and timestamp.
        severity = Severity.REPUBLISH if before.type == after.type else Severity.BREAKING
        yield _changed(f"type of {name}", severity, before.data_type, after.data_type, name)
    if before.default != after.default or type(before.default) is not type(after.default):
        one, other = (default_text(each.default) or "NULL" for each in (before, after))
        yield _changed(f"default of {name}", Severity.REPUBLISH, one, other, name)
    if (before.description, before.owner, before.tags, before.pii) != (
        *(after.description, after.owner, after.tags),
        after.pii,
    ):
        text = f"what is said of {name} (description, owner, tags, personal data) changed"
        yield Detail(f"description of {name}", Severity.SAFE, text, feature=name)


def _renamed(gone: list[Column], come: list[Column]) -> dict[str, str]:
    """A guess: of equal type and default, and the only one, or one whose name is much alike."""
    found: dict[str, str] = {}
    for feature in gone:
        fitting = [
            other.name
            for other in come
            if (other.type, other.default) == (feature.type, feature.default)
            and other.name not in found.values()
        ]
        only = len(gone) == len(come) == 1
        likely = sorted(fitting, key=lambda name: -_likeness(name, feature.name))
        if likely and (only or _likeness(likely[0], feature.name) >= _ALIKE):
            found[feature.name] = likely[0]
    return found


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()


def _time_details(before: FeatureView, after: FeatureView) -> Iterator[Detail]:
    """What says which row is the newest, and until when it may be used."""
    for what, old, new in (
        ("event timestamp", _typed(before.event_timestamp), _typed(after.event_timestamp)),
        ("created timestamp", _typed(before.created_timestamp), _typed(after.created_timestamp)),
        ("availability lag", _length(before.availability_lag), _length(after.availability_lag)),
        ("ttl", _length(before.ttl), _length(after.ttl)),
        ("tie-breaker", _tie_breaker(before), _tie_breaker(after)),
    ):
        if old != new:
            yield _changed(what, Severity.REPUBLISH, old, new)
    order, other = ([(c.name, c.data_type) for c in view.tie_order] for view in (before, after))
    # Whichever row wins, it has the same values of the columns by which both compare first.
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(order, other, strict=False))
    spared = tuple(one[0] for one, _ in pairs)
    kept = {(one.name, one.data_type) for one in before.features}
    kept &= {(one.name, one.data_type) for one in after.features}
    if not {name for name, _ in kept} <= set(spared):
        text = "rows of equal keys and timestamps are told apart by other columns"
        yield Detail("order of ties", Severity.REPUBLISH, text, spared=spared)


def _typed(column: Column | None) -> str:
    return f"{column.name} ({column.data_type})" if column else "none"


def _length(microseconds: int | None) -> str:
    """To the microsecond, where `readable` would round."""
    if not microseconds:
        return "none" if microseconds is None else "0"
    text = readable(microseconds)
    return text if microseconds % 60_000_000 == 0 else f"{text} ({microseconds} microseconds)"


def _tie_breaker(view: FeatureView) -> str:
    """The column that is declared as such, which comes before the features."""
    features = view.features
    is_declared = view.tie_order != features
    return view.tie_order[0].name if is_declared and view.tie_order else "none"


def _told_details(before: FeatureView, after: FeatureView) -> Iterator[Detail]:
    """What readers of Redis never see."""
    old, new = ([_said(check) for check in view.checks or ()] for view in (before, after))
    for text in old:
        if text not in new:
            yield Detail("removed expectation", Severity.SAFE, text, before=text)
    for text in new:
        if text not in old:
            yield Detail("added expectation", Severity.SAFE, text, after=text)
    for what, one, other in (
        ("gate", before.checks is not None, after.checks is not None),
        ("owner", before.owner, after.owner),
        ("tags", ", ".join(before.tags), ", ".join(after.tags)),
        ("deprecation date", before.deprecation_date, after.deprecation_date),
    ):
        if one != other:
            yield _changed(what, Severity.SAFE, str(one or "none"), str(other or "none"))
    if before.description != after.description:
        yield Detail("description", Severity.SAFE, "the description changed")
    if before.tests != after.tests:
        yield Detail("tests", Severity.SAFE, "the dbt tests changed")


def _said(check: Any) -> str:
    arguments = msgspec.json.encode(check.arguments, order="sorted").decode()
    return f"{check.kind} {arguments}{'' if check.severity == 'error' else ' (warn)'}"


def _changed(
    what: str, severity: Severity, before: str, after: str, feature: str | None = None
) -> Detail:
    return Detail(what, severity, f"{what}: {before} -> {after}", before, after, feature)


def columns_differ(before: FeatureView, after: FeatureView) -> bool:
    """Whether the fingerprint of the view itself may be another one."""

    def columns(view: FeatureView) -> list[tuple[str, str]]:
        return [(one.name, one.type) for one in (*view.join_keys, *view.features)]

    return columns(before) != columns(after)


def looks_like(one: FeatureView, other: FeatureView) -> bool:
    """Whether a view that is new may be one that is gone: the same text, or the same columns."""
    if one.checksum and one.checksum == other.checksum:
        return True
    return not columns_differ(one, other)


def computed_details(before: Inputs, after: Inputs, online: bool) -> list[Detail]:
    """Whether a model is computed otherwise: its own text, what it reads, what it calls."""
    severity = Severity.REPUBLISH if online else Severity.SAFE
    found = []
    if before.checksum != after.checksum:
        found.append(Detail("SQL text", severity, "its SQL changed"))
    for name in sorted(before.configs.keys() | after.configs.keys()):
        old, new = before.configs.get(name, "none"), after.configs.get(name, "none")
        if old != new:
            found.append(_changed(f"config {name}", severity, old, new))
    names = sorted(before.models.keys() | after.models.keys())
    if reads := [name for name in names if before.models.get(name) != after.models.get(name)]:
        text = ", ".join(".".join(name.split(".")[2:]) for name in reads)
        found.append(Detail("models before it", severity, f"what it reads changed: {text}"))
    names = sorted(before.macros.keys() | after.macros.keys())
    if calls := [name for name in names if before.macros.get(name) != after.macros.get(name)]:
        found.append(Detail("macros", severity, f"macros changed: {_macros(calls)}"))
    return found


def _macros(names: list[str]) -> str:
    """By name, those of other packages by that of the package."""
    pieces = [name.split(".") for name in names]
    ours = [name for _, package, name in pieces if package == "feature_warehouse"]
    rest = [name for _, package, name in pieces if package != "feature_warehouse"]
    return ", ".join([*rest, *(["those of feature_warehouse"] if ours else [])])
