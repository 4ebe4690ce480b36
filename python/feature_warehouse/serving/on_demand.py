"""What a vector has besides stored features: times of rows, and what is computed when asked."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from feature_warehouse.on_demand.columns import Column
from feature_warehouse.on_demand.expressions import FIRST_INSTANT, LAST_INSTANT, names_in
from feature_warehouse.on_demand.forms import (
    FromRequest,
    from_feature,
    from_request,
    stored_type,
    to_value,
)
from feature_warehouse.on_demand.program import Program, program
from feature_warehouse.redis_store import layout

if TYPE_CHECKING:
    from feature_warehouse.serving.rows import Rows

__all__ = ["Computation", "Output", "computation"]

_Convert = Callable[[Any], Any]
_MICROSECONDS: Final = 1_000_000.0
_FEW_ROWS: Final = 8
"""Fewer take longer by columns than one after another."""


class Instant(NamedTuple):
    """A part's event timestamp, or the age in seconds that it has then."""

    name: str
    part: int
    is_age: bool


class Output(NamedTuple):
    """What the vector has, with its stored type; ``part`` is that of a feature or an instant."""

    name: str
    type: str
    part: int | None


_Pick = Callable[[Sequence[Any]], tuple[Any, ...]]
_Forms = tuple[tuple[int, _Convert], ...]
"""Places, each with what makes another form of a value that is not NULL."""


class Computation(msgspec.Struct, frozen=True):
    """How the vectors of one service are made, if it has more than stored features.

    Values stand in one list: the time of the request, what it gives, ``instants``, the features
    that are ``taken``, which get the forms of ``inputs``, and what ``program`` computes. Of these
    ``add`` takes what comes after the stored features, which get the forms of ``results``.
    From both ``pick`` takes the ``outputs``; it is None if they are as they are. ``parts_of`` and
    ``features_of`` map each on-demand feature to the parts and the features that it hangs on.
    """

    request: tuple[FromRequest, ...]
    instants: tuple[Instant, ...]
    taken: tuple[int, ...]
    take: _Pick
    inputs: _Forms
    program: Program
    add: _Pick
    results: _Forms
    pick: _Pick | None
    outputs: tuple[Output, ...]
    parts_of: dict[str, tuple[int, ...]]
    features_of: dict[str, tuple[int, ...]]

    def asked(self, entities: Sequence[Mapping[str, Any]]) -> list[Column]:
        """The columns that requests give. Raises EntityError, and KeyError if one lacks."""
        if len(entities) == 1:
            columns: list[Column] = []
            for name, ready, take in self.request:
                value = entities[0][name]
                columns.append([value if type(value) in ready else take(value)])
            return columns
        return [_asked(one, entities) for one in self.request]

    def rows(
        self,
        stored: list[tuple[Any, ...]],
        parts: Sequence["Rows"],
        asked: Sequence[Column],
        instants: Column,
    ) -> list[tuple[Any, ...]]:
        """The vectors of entities, given the features of all parts, what was asked, and when.

        What is ``stored`` is used up: row after row, its memory is that of the vectors.
        """
        columns: list[Column] = [instants, *asked]
        if self.instants:
            columns += [_times(one, parts[one.part]) for one in self.instants]
        if len(stored) == 1:
            return [self._vector(stored[0], list(chain.from_iterable(columns)))]
        if len(stored) < _FEW_ROWS:
            given = map(list, zip(*columns, strict=True))
            return list(map(self._vector, stored, given))
        columns += [list(map(itemgetter(place), stored)) for place in self.taken]
        for place, added in enumerate(self._added(columns)):
            stored[place] += added
        return stored if self.pick is None else list(map(self.pick, stored))

    def _vector(self, row: tuple[Any, ...], values: list[Any]) -> tuple[Any, ...]:
        """That of the stored features of a row, and the ``values`` before them."""
        values += self.take(row)
        if self.inputs:
            _put_in_form(values, self.inputs)
        self.program.extend_row(values)
        added = self.add(values)
        if self.results:
            formed = [*added]
            _put_in_form(formed, self.results)
            added = tuple(formed)
        return row + added if self.pick is None else self.pick(row + added)

    def _added(self, columns: list[Column]) -> Iterable[tuple[Any, ...]]:
        """What comes after the stored features of many rows."""
        for place, convert in self.inputs:
            columns[place] = _in_form(columns[place], convert)
        self.program.extend_columns(columns)
        added: list[Column] = [*self.add(columns)]
        for place, convert in self.results:
            added[place] = _in_form(added[place], convert)
        return zip(*added, strict=True)


def _asked(one: FromRequest, entities: Sequence[Mapping[str, Any]]) -> Column:
    """What many requests give for a column."""
    values = list(map(itemgetter(one.name), entities))
    if one.ready.issuperset(map(type, values)):
        return values
    return [value if type(value) in one.ready else one.take(value) for value in values]


def _put_in_form(values: list[Any], forms: _Forms) -> None:
    for place, convert in forms:
        if values[place] is not None:
            values[place] = convert(values[place])


def _in_form(column: Column, convert: _Convert) -> Column:
    return [None if value is None else convert(value) for value in column]


def _times(one: Instant, rows: "Rows") -> Column:
    """As training sets have them: NULL where no row matched."""
    events = rows.matched()
    if one.is_age:
        return [
            None if event is None else float(now - event) / _MICROSECONDS
            for event, now in zip(events, rows.instants(), strict=True)
        ]
    return [
        None if event is None or not FIRST_INSTANT <= event <= LAST_INSTANT else event
        for event in events
    ]


def computation(service: layout.Service, features: Sequence[Output]) -> Computation | None:
    """That of a service, given the features of all its parts; None if it needs none."""
    parts = service.parts
    if not (service.on_demand or service.hidden or any(part.instants for part in parts)):
        return None
    types: dict[str, str] = {}
    for made in service.on_demand:
        types |= names_in(made.expression)
    instants = [
        Instant(name, number, is_age)
        for number, part in enumerate(parts)
        for name, is_age in part.instants.items()
        if name in types or name not in service.hidden
    ]
    taken = [place for place, one in enumerate(features) if one.name in types]
    names = ["request_time", *service.request, *(one.name for one in instants)]
    names += [features[place].name for place in taken]
    expressions = program([(one.name, one.expression) for one in service.on_demand], names)
    places = expressions.places
    forms = [(name, from_feature(types[name])) for name in (features[p].name for p in taken)]
    stored = {one.name: place for place, one in enumerate(features)}
    outputs = [one for one in _outputs(service, features) if one.name not in service.hidden]
    new = [one for one in outputs if one.name not in stored]
    results = [(place, to_value(one.type)) for place, one in enumerate(new)]
    together = stored | {one.name: len(stored) + place for place, one in enumerate(new)}
    picked = [together[one.name] for one in outputs]
    return Computation(
        request=tuple(from_request(name, kind) for name, kind in service.request.items()),
        instants=tuple(instants),
        taken=tuple(taken),
        take=_picker(taken),
        inputs=tuple((places[name], convert) for name, convert in forms if convert),
        program=expressions,
        add=_picker([places[one.name] for one in new]),
        results=tuple((place, convert) for place, convert in results if convert),
        pick=None if picked == list(range(len(together))) else _picker(picked),
        outputs=tuple(outputs),
        **_origins(service, features, instants),
    )


def _outputs(service: layout.Service, features: Sequence[Output]) -> Iterator[Output]:
    """In the order of the training set's columns, with what is hidden."""
    for number, part in enumerate(service.parts):
        yield from (one for one in features if one.part == number)
        for name, is_age in part.instants.items():
            yield Output(name, stored_type("double" if is_age else "timestamp"), number)
    for made in service.on_demand:
        yield Output(made.name, stored_type(made.expression.type), None)


def _picker(places: Sequence[int]) -> _Pick:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda values: tuple([values[place] for place in places])


def _origins(
    service: layout.Service, features: Sequence[Output], instants: Sequence[Instant]
) -> Any:
    """The parts, and the features, that each on-demand feature hangs on, by way of others too."""
    parts_of = {one.name: {one.part} for one in features}
    parts_of |= {one.name: {one.part} for one in instants}
    features_of = {one.name: {place} for place, one in enumerate(features)}
    for one in service.on_demand:
        named = names_in(one.expression)
        parts_of[one.name] = set().union(*(parts_of.get(name, ()) for name in named))
        features_of[one.name] = set().union(*(features_of.get(name, ()) for name in named))
    return {
        role: {one.name: tuple(sorted(found[one.name])) for one in service.on_demand}
        for role, found in (("parts_of", parts_of), ("features_of", features_of))
    }
