"""What a feature view, a label set and a training set are, for the oracle and the host project.

Nothing here knows the package under test: these are the words of the law and no more.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

Value = bool | int | float | str | None
"""A value for both engines: instants are microseconds since 1970 UTC, decimals hundredths."""

Row = dict[str, Value]


class Column(NamedTuple):
    name: str
    type: str

    @property
    def is_instant(self) -> bool:
        return self.type.startswith(("timestamp", "date"))


class Length(NamedTuple):
    """A length of time as a person writes it, and in microseconds."""

    text: str
    microseconds: int


@dataclass(frozen=True, kw_only=True)
class View:
    """A feature view. ``extra`` columns are no features.

    ``unique`` is how the view declares that no rows tie, if it does; ``tested`` are columns of a
    test for uniqueness that says less.
    """

    name: str
    keys: tuple[Column, ...]
    event: Column
    created: Column | None = None
    features: tuple[Column, ...]
    extra: tuple[Column, ...] = ()
    lag: Length | None = None
    ttl: Length | None = None
    tie_breaker: str | None = None
    unique: str | None = None
    tested: tuple[str, ...] = ()
    defaults: dict[str, Value] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[Column, ...]:
        created = (self.created,) if self.created else ()
        return (*self.keys, self.event, *created, *self.features, *self.extra)

    @property
    def tie_breakers(self) -> tuple[str, ...]:
        return (self.tie_breaker,) if self.tie_breaker else tuple(f.name for f in self.features)


@dataclass(frozen=True, kw_only=True)
class Labels:
    """A label set; without ``contract`` the package does not know the types of its columns."""

    name: str
    columns: tuple[Column, ...]
    timestamp: str
    contract: bool = True


@dataclass(frozen=True, kw_only=True)
class Part:
    """One view of a training set: view key -> label column, feature -> column of the result."""

    view: View
    keys: dict[str, str] = field(default_factory=dict)
    features: tuple[str, ...] | None = None
    prefix: str = ""

    @property
    def label_keys(self) -> tuple[str, ...]:
        """The label columns that hold the view's keys, in the order of the view's keys."""
        return tuple(self.keys.get(key.name, key.name) for key in self.view.keys)

    @property
    def outputs(self) -> dict[str, str]:
        wanted = self.features or tuple(feature.name for feature in self.view.features)
        return {name: self.prefix + name for name in wanted}


@dataclass(frozen=True, kw_only=True)
class TrainingSet:
    """``typed`` false calls the lower macro ``point_in_time_join`` with names only."""

    name: str
    labels: Labels
    parts: tuple[Part, ...]
    typed: bool = True

    @property
    def views(self) -> tuple[View, ...]:
        """The views, each once."""
        return tuple({part.view.name: part.view for part in self.parts}.values())

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the result."""
        types = {part.view.name: dict(part.view.columns) for part in self.parts}
        features = (
            Column(output, types[part.view.name][name])
            for part in self.parts
            for name, output in part.outputs.items()
        )
        return (*self.labels.columns, *features)
