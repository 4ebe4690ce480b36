"""What a feature view, a label set and a training set are, for the oracle and the host project.

Nothing here knows the package under test: these are the words of the rules and no more.
"""

from collections.abc import Callable
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


class Moment(NamedTuple):
    """An instant as a person writes it, and in microseconds since 1970 UTC."""

    text: str
    microseconds: int


class Condition(NamedTuple):
    """A condition on label columns in SQL, and what it means: whether it is true, not NULL."""

    text: str
    holds: Callable[[Row], bool]


@dataclass(frozen=True, kw_only=True)
class View:
    """A feature view. ``extra`` columns are no features.

    ``unique`` is how the view says that no rows tie, if it does, which changes no answer. A
    ``table`` can have ``indexes``, each given by its columns.
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
    table: bool = False
    indexes: tuple[tuple[str, ...], ...] = ()
    defaults: dict[str, Value] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[Column, ...]:
        created = (self.created,) if self.created else ()
        return (*self.keys, self.event, *created, *self.features, *self.extra)

    @property
    def tie_breakers(self) -> tuple[str, ...]:
        """The one that is declared, then the features: both may tie."""
        first = (self.tie_breaker,) if self.tie_breaker else ()
        return (*first, *(f.name for f in self.features if f.name != self.tie_breaker))


PUBLICATION_LOG = "feature_warehouse_publications"
PUBLICATION_COLUMNS = (
    Column("view", "text"),
    Column("run", "bigint"),
    Column("clock", "timestamp"),
    Column("finished_at", "timestamp"),
    Column("is_simulated", "boolean"),
)
"""What is read of the publication log."""


@dataclass(frozen=True, kw_only=True)
class Labels:
    """A label set; without ``contract`` the package does not know the types of its columns.

    ``known_at`` is a column, ``maturity`` a length after the timestamp: when a label is known.
    """

    name: str
    columns: tuple[Column, ...]
    timestamp: str
    contract: bool = True
    known_at: str | None = None
    maturity: Length | None = None


@dataclass(frozen=True, kw_only=True)
class Part:
    """One view of a training set: view key -> label column, feature -> column of the result.

    ``rename`` gives features, all that are wanted, other names. ``event_timestamp`` and ``age``
    add columns: true, or their name.
    """

    view: View
    keys: dict[str, str] = field(default_factory=dict)
    features: tuple[str, ...] | None = None
    prefix: str = ""
    rename: dict[str, str] = field(default_factory=dict)
    event_timestamp: bool | str = False
    age: bool | str = False

    @property
    def label_keys(self) -> tuple[str, ...]:
        """The label columns that hold the view's keys, in the order of the view's keys."""
        return tuple(self.keys.get(key.name, key.name) for key in self.view.keys)

    @property
    def outputs(self) -> dict[str, str]:
        if self.rename:
            return self.rename
        wanted = self.features or tuple(feature.name for feature in self.view.features)
        return {name: self.prefix + name for name in wanted}

    @property
    def event_timestamp_column(self) -> str | None:
        return self._added(self.event_timestamp, "event_timestamp")

    @property
    def age_column(self) -> str | None:
        return self._added(self.age, "age_seconds")

    def _added(self, wanted: bool | str, name: str) -> str | None:
        if isinstance(wanted, str):
            return wanted
        return (self.prefix or f"{self.view.name}_") + name if wanted else None


@dataclass(frozen=True, kw_only=True)
class Split:
    """A column that names a row's split: by a hash, by time, or where both agree."""

    by: tuple[str, ...] = ()
    fractions: dict[str, float] = field(default_factory=dict)
    salt: str | None = None
    starts: dict[str, Moment] = field(default_factory=dict)
    embargo: Length | None = None
    column: str = "train_test_split"


class Schedule(NamedTuple):
    """Runs at all multiples of ``every`` since 1970, each in service after the ``delay``."""

    every: Length
    delay: Length | None = None


@dataclass(frozen=True, kw_only=True)
class TrainingSet:
    """``typed`` false calls the lower macro ``point_in_time_join`` with names only.

    That one has neither filters nor splits, and takes ``as_of`` for the rows of the views alone.

    With knowledge ``served`` runs are those of the ``schedule``, and of the publication log if it
    is ``logged``; the schedule then counts before the first of them.
    """

    name: str
    labels: Labels
    parts: tuple[Part, ...]
    typed: bool = True
    where: tuple[Condition, ...] = ()
    start: Moment | None = None
    end: Moment | None = None
    as_of: Moment | None = None
    knowledge: str | None = None
    schedule: Schedule | None = None
    logged: bool = False
    split: Split | None = None

    @property
    def views(self) -> tuple[View, ...]:
        """The views, each once."""
        return tuple({part.view.name: part.view for part in self.parts}.values())

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the result."""
        columns = [*self.labels.columns]
        columns += [Column(self.split.column, "text")] if self.split else []
        for part in self.parts:
            types = dict(part.view.columns)
            columns += [Column(output, types[name]) for name, output in part.outputs.items()]
            if part.event_timestamp_column:
                columns.append(Column(part.event_timestamp_column, "timestamp"))
            if part.age_column:
                columns.append(Column(part.age_column, "double precision"))
        return tuple(columns)


def simple(name: str, label_set: Labels, *views: View, typed: bool = True) -> TrainingSet:
    """All features of some views; a second view's columns carry its name."""
    parts = tuple(
        Part(view=view, prefix=f"{view.name}_" if number else "")
        for number, view in enumerate(views)
    )
    return TrainingSet(name=name, labels=label_set, parts=parts, typed=typed)
