"""In what two declarations of a service differ, and what that means for who reads it."""

from collections.abc import Iterable, Iterator

from feature_warehouse.declarations.model import Service, ServicePart
from feature_warehouse.planning.changes import Detail, Severity
from feature_warehouse.planning.project import Project, is_served

__all__ = ["noticed", "service_details", "training_details"]


def service_details(before: Service, after: Service) -> list[Detail]:
    """The differences that change the fingerprint, each with the feature it is about."""
    old, new = _lines(before), _lines(after)
    severity = Severity.BREAKING if is_served(before) else Severity.SAFE
    found = []
    for name in (*old, *(name for name in new if name not in old)):
        one, other = old.get(name), new.get(name)
        if one == other:
            continue
        if other is None:
            text = f"{name} is gone"
        elif one is None:
            text = f"{name} is new: {other}"
        else:
            text = f"{name}: {one} -> {other}"
        found.append(Detail("feature", severity, text, one, other, name))
    if not found and list(old) != list(new):
        text = f"order of features: {', '.join(old)} -> {', '.join(new)}"
        found.append(Detail("order", severity, text, ", ".join(old), ", ".join(new)))
    return found


def _lines(service: Service) -> dict[str, str]:
    """By a feature's name in the vector: where it is from, its type, and by which keys.

    And what else the fingerprint has: expressions, request columns, and what is hidden.
    """
    lines: dict[str, str] = {}
    for part in service.parts:
        view, keys = part.view.name_in_fingerprints or part.view.name, _keys(part.join_keys)
        lines |= {
            output: f"{view}.{feature.name} ({feature.type}) by {keys}"
            for name, output in part.features.items()
            for feature in part.view.features
            if feature.name == name
        }
        lines |= {name: f"{what} of {view} by {keys}" for name, (what, _) in part.instants.items()}
    lines |= {one.name: f"{one.text} ({one.expression.type})" for one in service.on_demand}
    lines |= {f"request column {one.name}": one.kind for one in service.request}
    lines |= {f"hidden {name}": "input only" for name in service.hidden}
    return lines


def _keys(join_keys: dict[str, str]) -> str:
    pairs = (key if key == column else f"{key}={column}" for key, column in join_keys.items())
    return ", ".join(pairs) or "nothing"


def noticed(details: Iterable[Detail], part: ServicePart) -> list[Detail]:
    """Of the differences of a view those that a service notices which takes this part of it."""
    return [
        detail
        for detail in details
        if detail.severity is not Severity.SAFE
        and (detail.feature is None or detail.feature in part.features)
        and not (detail.spared and part.features.keys() <= set(detail.spared))
        and detail.what not in _UNNOTICED
    ]


_UNNOTICED = ("added feature", "online", "order of features")


def training_details(
    before: tuple[Project, Service], after: tuple[Project, Service]
) -> Iterator[Detail]:
    """What changes in the training set alone, which a reader does not notice."""
    (old, one), (new, other) = before, after
    if one.labels != other.labels:
        text = f"labels: {one.labels} -> {other.labels}"
        yield Detail("labels", Severity.SAFE, text, one.labels, other.labels)
    options = [project.options(service.unique_id) for project, service in (before, after)]
    for name in dict.fromkeys([*options[0], *options[1]]):
        values = [each.get(name) for each in options]
        if values[0] != values[1]:
            text = f"{name}: {values[0]} -> {values[1]}"
            yield Detail(name, Severity.SAFE, text, str(values[0]), str(values[1]))
    if old.inputs(one.unique_id).checksum != new.inputs(other.unique_id).checksum:
        yield Detail("SQL text", Severity.SAFE, "the SQL of its training set changed")
    if one.deprecation_date != other.deprecation_date:
        dates = [each.deprecation_date or "none" for each in (one, other)]
        text = f"deprecation date: {dates[0]} -> {dates[1]}"
        yield Detail("deprecation date", Severity.SAFE, text, dates[0], dates[1])
