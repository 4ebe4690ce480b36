"""On-demand features of a service that is read: what a request gives, and what is computed."""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from feature_warehouse.on_demand.closures import Closure, closure
from feature_warehouse.on_demand.expressions import (
    FIRST_INSTANT,
    LAST_INSTANT,
    names_in,
)
from feature_warehouse.on_demand.forms import from_feature, from_request, stored_type, to_value
from feature_warehouse.redis_store import layout

if TYPE_CHECKING:
    from feature_warehouse.serving.rows import Rows

__all__ = ["Computation", "computation"]

_Convert = Callable[[Any], Any]
_MICROSECONDS: Final = 1_000_000.0


class Instant(NamedTuple):
    """A part's event timestamp, or the age in seconds that it has then."""

    name: str
    part: int
    is_age: bool


class Output(NamedTuple):
    """An on-demand feature that the vector has, with its stored type."""

    name: str
    type: str


_Conversions = tuple[tuple[int, _Convert], ...]
"""Places among the values, each with what makes another value of the one there."""


class Computation(NamedTuple):
    """How the on-demand features of one service are computed.

    Values stand in one list: the features of all parts, ``instants``, the columns of ``request``,
    ``request_time``, features in the form of ``inputs``, the result of each expression, results in
    the form of ``results``. ``pick`` takes the vector from it: of the features those at the places
    ``shown``, then ``outputs``. ``parts_of`` and ``features_of`` map each on-demand feature to the
    parts and the features that it hangs on.
    """

    instants: tuple[Instant, ...]
    request: dict[str, str]
    inputs: _Conversions
    closures: tuple[Closure, ...]
    results: _Conversions
    pick: Callable[[Sequence[Any]], tuple[Any, ...]]
    shown: tuple[int, ...]
    outputs: tuple[Output, ...]
    parts_of: dict[str, tuple[int, ...]]
    features_of: dict[str, tuple[int, ...]]

    def asked(self, entities: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
        """What requests give, a list for each entity. Raises EntityError."""
        columns = self.request.items()
        return [
            [from_request(name, entity[name], kind) for name, kind in columns]
            for entity in entities
        ]

    def rows(
        self,
        stored: Sequence[tuple[Any, ...]],
        parts: Sequence["Rows"],
        asked: Sequence[Sequence[Any]],
        now: int,
    ) -> list[tuple[Any, ...]]:
        """The vectors of entities, given the features of all parts and what was asked."""
        found: list[tuple[Any, ...]] = []
        for entity, (row, given) in enumerate(zip(stored, asked, strict=True)):
            values = [*row]
            values += [_instant(one, parts[one.part], entity) for one in self.instants]
            values += given
            values.append(now)
            for place, convert in self.inputs:
                value = values[place]
                values.append(None if value is None else convert(value))
            for evaluate in self.closures:
                values.append(evaluate(values))
            for place, convert in self.results:
                value = values[place]
                values.append(None if value is None else convert(value))
            found.append(self.pick(values))
        return found


def _instant(one: Instant, rows: "Rows", entity: int) -> Any:
    """As training sets have them: NULL where no row matched."""
    event = rows.matched(entity)
    if event is None:
        return None
    if one.is_age:
        return float(rows.now - event) / _MICROSECONDS
    return event if FIRST_INSTANT <= event <= LAST_INSTANT else None


def computation(service: layout.Service, features: Sequence[tuple[str, int]]) -> Computation | None:
    """That of a service, given names and parts of all its features; None if it needs none."""
    if not service.on_demand and not service.hidden:
        return None
    types: dict[str, str] = {}
    for one in service.on_demand:
        types |= names_in(one.expression)
    instants = [
        Instant(str(name), number, is_age)
        for number, part in enumerate(service.parts)
        for name, is_age in ((part.event_timestamp_as, False), (part.age_as, True))
        if name in types
    ]
    names = [name for name, _ in features] + [one.name for one in instants]
    names += [*service.request, "request_time"]
    places = {name: place for place, name in enumerate(names)}
    count = len(names)
    inputs: list[tuple[int, _Convert]] = []
    for place, (name, _) in enumerate(features):
        if name in types and (convert := from_feature(types[name])):
            places[name] = count + len(inputs)
            inputs.append((place, convert))
    count += len(inputs)
    places |= {one.name: count + number for number, one in enumerate(service.on_demand)}
    count += len(service.on_demand)
    shown = [place for place, (name, _) in enumerate(features) if name not in service.hidden]
    results: list[tuple[int, _Convert]] = []
    picked = list(shown)
    outputs = [one for one in service.on_demand if one.name not in service.hidden]
    for one in outputs:
        picked.append(places[one.name])
        if convert := to_value(one.expression.type):
            picked[-1] = count + len(results)
            results.append((places[one.name], convert))
    return Computation(
        instants=tuple(instants),
        request=service.request,
        inputs=tuple(inputs),
        closures=tuple(closure(one.expression, places) for one in service.on_demand),
        results=tuple(results),
        pick=_picker(picked),
        shown=tuple(shown),
        outputs=tuple(Output(one.name, stored_type(one.expression.type)) for one in outputs),
        **_origins(service, features, instants),
    )


def _picker(places: Sequence[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda values: tuple([values[place] for place in places])


def _origins(
    service: layout.Service, features: Sequence[tuple[str, int]], instants: Sequence[Instant]
) -> Any:
    """The parts, and the features, that each on-demand feature hangs on, by way of others too."""
    parts_of = {name: {part} for name, part in features}
    parts_of |= {one.name: {one.part} for one in instants}
    features_of = {name: {place} for place, (name, _) in enumerate(features)}
    for one in service.on_demand:
        named = names_in(one.expression)
        parts_of[one.name] = set().union(*(parts_of.get(name, ()) for name in named))
        features_of[one.name] = set().union(*(features_of.get(name, ()) for name in named))
    return {
        role: {one.name: tuple(sorted(found[one.name])) for one in service.on_demand}
        for role, found in (("parts_of", parts_of), ("features_of", features_of))
    }
