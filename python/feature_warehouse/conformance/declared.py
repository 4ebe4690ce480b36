"""What a view, a label set, a training set and a window view are: the words of the rules."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import msgspec

__all__ = [
    "NOW",
    "Aggregate",
    "Column",
    "Length",
    "Moment",
    "Part",
    "Row",
    "Split",
    "TrainingSet",
    "Value",
    "View",
    "Window",
    "WindowView",
]

Value = bool | int | float | str | Decimal | None
"""Instants are microseconds since 1970 UTC, and dates those of their midnight."""

Row = dict[str, Value]

NOW = 20_000_000_000_000_000
"""After all rows but those of the far future: for what goes by the clock of the build."""


class Column(msgspec.Struct, frozen=True):
    """``kind`` is a key of ``project.types_of``, which knows what the warehouse calls it."""

    name: str
    kind: str


class Length(msgspec.Struct, frozen=True):
    """A length of time as it is declared, and in microseconds."""

    text: str
    microseconds: int


class Moment(msgspec.Struct, frozen=True):
    """An instant as it is declared, and in microseconds since 1970 UTC."""

    text: str
    microseconds: int


class View(msgspec.Struct, frozen=True):
    """A feature view; its columns are in this order, ``extra`` ones are no features."""

    name: str
    keys: tuple[Column, ...]
    event: Column
    features: tuple[Column, ...]
    created: Column | None = None
    extra: tuple[Column, ...] = ()
    lag: Length | None = None
    ttl: Length | None = None
    tie_breaker: str | None = None
    defaults: Mapping[str, Value] = {}
    has_index: bool = False

    @property
    def columns(self) -> tuple[Column, ...]:
        created = (self.created,) if self.created else ()
        return (*self.keys, self.event, *created, *self.features, *self.extra)


class Part(msgspec.Struct, frozen=True):
    """A view of a training set, all of its features; ``prefix`` goes before their names."""

    view: View
    prefix: str
    event_timestamp: bool = False
    age: bool = False


class Split(msgspec.Struct, frozen=True):
    """A split by time, in the column ``train_test_split``."""

    starts: Mapping[str, Moment]
    embargo: Length


class TrainingSet(msgspec.Struct, frozen=True):
    """``labels`` is the name of their table; ``every`` and ``delay`` are when runs were.

    ``where`` is a condition in SQL, and ``holds`` what it means. A set that ``grows`` takes no
    label whose timestamp is not past.
    """

    name: str
    labels: str
    parts: tuple[Part, ...]
    start: Moment | None = None
    end: Moment | None = None
    as_of: Moment | None = None
    where: str | None = None
    holds: Callable[[Row], bool] | None = None
    knowledge: str = "available"
    every: Length | None = None
    delay: Length | None = None
    split: Split | None = None
    grows: bool = False


class Window(msgspec.Struct, frozen=True):
    """``(t - offset - length, t - offset]`` in microseconds; without a length it is all time."""

    asked: str | Mapping[str, str]
    suffix: str
    length: int | None
    offset: int = 0


class Aggregate(msgspec.Struct, frozen=True):
    """``of`` is the column that is aggregated, None for whole events.

    Events count where the boolean column ``where`` is true.
    """

    function: str
    of: str | None
    stem: str
    kind: str
    where: str | None = None


class WindowView(msgspec.Struct, frozen=True):
    """A call of ``window_features`` on the table ``events``."""

    name: str
    events: str
    aggregates: Sequence[Aggregate]
    windows: Sequence[Window]
    created: bool = False
    lag: Length | None = None
    tie_breaker: str | None = None
    grows: bool = False
