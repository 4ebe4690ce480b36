"""What lies where in Redis, and the metadata beside the rows.

    project.environment:name                  pointer of a feature view or a service, small JSON
    project.environment:view@7                description of generation 7 of the view, JSON
    project.environment:view@7:{JFK}          one row (see ``codec``); the braces are literal, so
                                              that a Redis Cluster keeps an entity together
    project.environment:service@9f0c...       description of a service with that fingerprint, JSON
    project.environment:orders@5d21...        of a model with versions: what `orders` means, say
                                              `orders.v2`, which is a view or service of its own
    project.environment:view!lock             held by the run that publishes the view
    project.environment:view!run              number of the last run of the view
    project.environment:view!generations      set of generations that may have rows
    project.environment:!warehouse            which warehouse it belongs to, see ``ownership``
    project.environment:!read:{project.environment:name}
                                              fingerprint that was last read under the name; expires
                                              90 days after that, see ``read_marks``
    project.environment:!requests             set of the services that have a request log
    project.environment:!requests:{project.environment:service}
                                              stream of logged requests, see ``request_log``; the
                                              braces are literal, and so are those of the next three
    ...:{project.environment:service}@5c02... what messages of that stream are decoded by, JSON
    ...:{project.environment:service}!counts  hash of how many entities were written and dropped
    ...:{project.environment:service}!erasures
                                              another text after each `forget`, for drains
    project.environment:!publications         stream of what runs have published, see
                                              ``publication_log``
    project.environment:!noted                hash of views: the last run of each that is in it
    project.environment!names                 set of all published views and services
    feature_warehouse:stores                  set of all project.environment of this server

A reader fetches the pointers in the same command as the rows. What a pointer leads to never
changes, so a reader may keep it for as long as the pointer stays the same.

Pointers and descriptions are JSON that begins with ``"crc32"``, that of the key and of the rest: a
changed byte, or a text under another key than its own, is DamagedError to whoever reads it.
"""

import re
from typing import Any, Final, TypeVar
from zlib import crc32

import msgspec

from feature_warehouse.codec.keys import KEY_TYPES
from feature_warehouse.codec.rows import schema_fingerprint
from feature_warehouse.errors import DamagedError, UsageError
from feature_warehouse.on_demand.expressions import Node

__all__ = [
    "STORES",
    "Column",
    "Feature",
    "Generation",
    "Names",
    "OnDemand",
    "Pointer",
    "Service",
    "ServicePart",
    "damage",
    "glob",
    "incompatibility",
    "read_generation",
    "read_pointer",
    "read_service",
    "sealed",
]

STORES: Final = "feature_warehouse:stores"

_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")
_SEAL: Final = re.compile(rb'\{"crc32":"([0-9a-f]{8})",')

_Text = TypeVar("_Text")


class Names(msgspec.Struct, frozen=True):
    """The key names of one project and environment."""

    project: str
    environment: str

    def __post_init__(self) -> None:
        for role, name in (("project", self.project), ("environment", self.environment)):
            if not _NAME.fullmatch(name):
                raise UsageError(
                    f"{role} {name!r} cannot be part of a Redis key; use letters, digits, _ and -"
                )

    @property
    def store(self) -> str:
        return f"{self.project}.{self.environment}"

    @property
    def members(self) -> str:
        return f"{self.store}!names"

    @property
    def warehouse(self) -> str:
        return f"{self.store}:!warehouse"

    def pointer(self, name: str) -> str:
        return f"{self.store}:{name}"

    def description(self, name: str, version: int | str) -> str:
        return f"{self.store}:{name}@{version}"

    def row_prefix(self, view: str, generation: int | str) -> str:
        """A row key is this, the escaped join key values and a closing brace."""
        return f"{self.store}:{view}@{generation}:{{"

    def read_mark(self, name: str) -> str:
        """In a Redis Cluster it lies beside the name's pointer."""
        return f"{self.store}:!read:{{{self.pointer(name)}}}"

    @property
    def logged_services(self) -> str:
        return f"{self.store}:!requests"

    def requests(self, service: str) -> str:
        """The stream; its descriptions and counts begin with it and so share its slot."""
        return f"{self.logged_services}:{{{self.pointer(service)}}}"

    def request_counts(self, service: str) -> str:
        return f"{self.requests(service)}!counts"

    def request_erasures(self, service: str) -> str:
        return f"{self.requests(service)}!erasures"

    @property
    def publications(self) -> str:
        return f"{self.store}:!publications"

    @property
    def noted(self) -> str:
        return f"{self.store}:!noted"

    def lock(self, view: str) -> str:
        return f"{self.store}:{view}!lock"

    def run(self, view: str) -> str:
        return f"{self.store}:{view}!run"

    def generations(self, view: str) -> str:
        return f"{self.store}:{view}!generations"


class Column(msgspec.Struct, frozen=True):
    """Name and type (see ``codec.keys``) of a join key."""

    name: str
    type: str


class Feature(msgspec.Struct, frozen=True, omit_defaults=True):
    """A feature of a view; ``default`` is in the same form as in a stored row."""

    name: str
    type: str
    default: Any = None


class Pointer(msgspec.Struct, frozen=True, omit_defaults=True):
    """Leads readers to a description, and tells them the time.

    ``version`` is the generation in service, or a service's fingerprint; None before the first.
    ``previous`` is the generation that was in service before, as long as it is kept for rollback
    and for services that are not yet published as the new one needs. ``claim`` is the number of the
    run that last began to build a generation, ``claimant`` a text of its own: only that one may
    flip, and the number alone may come twice where a server was emptied. ``clock``, in microseconds
    since 1970 UTC, is there if it is simulated: then time stands still for readers.
    ``published_at`` makes a pointer differ from one of the same number that was there before the
    server was emptied.
    """

    version: int | str | None = None
    previous: int | None = None
    claim: int = 0
    claimant: str = ""
    clock: int | None = None
    published_at: int = 0


def glob(text: str) -> str:
    """A pattern for SCAN that matches the text itself."""
    return re.sub(r"([*?\[\]\\^-])", r"\\\1", text)


class Generation(msgspec.Struct, frozen=True, omit_defaults=True):
    """One complete published copy of a view. Instants are microseconds since 1970 UTC.

    What a reader needs never changes: ``keys``, ``features``, ``schema`` (a fingerprint of both),
    and in microseconds ``ttl`` and ``grace``, how long a row is told *expired* before it is
    *missing*. ``declaration`` has fingerprints of all that says which row is the newest.

    The rest says how far publishing has come, and is replaced by each run in one compare-and-set.
    At ``clock`` every row was seen that was loaded up to ``watermark``, as far as one can tell: it
    is ``inferred`` from the rows if nobody knew when they were built. ``history`` is a fingerprint
    of them. ``reached`` is the latest clock of any run that wrote rows, whether it
    finished or not. ``checksum`` is that of the dbt model, ``entities`` the number of row keys that
    were made, None if it was lost count of, ``newest_event`` the greatest event timestamp,
    ``rows`` the number of newest rows that a gated view had in the warehouse. ``erasures`` counts
    how often entities were forgotten in it, which a run that goes on after it slept has to notice.
    The last run had the number ``run`` and the ``mode``, began at ``started_at`` and was done but
    for its last step at ``published_at``.
    ``deprecation_date`` is the ISO date that the model has.
    """

    view: str
    number: int
    keys: tuple[Column, ...]
    features: tuple[Feature, ...]
    schema: int
    declaration: dict[str, str]
    ttl: int | None = None
    grace: int = 0
    simulated: bool = False

    clock: int = 0
    reached: int = 0
    watermark: int = 0
    inferred: bool = False
    history: str = ""
    checksum: str = ""
    entities: int | None = None
    newest_event: int | None = None
    rows: int | None = None
    erasures: int = 0
    run: int = 0
    mode: str = ""
    started_at: int = 0
    published_at: int = 0
    seconds: float = 0.0
    invocation_id: str = ""
    deprecation_date: str | None = None


class ServicePart(msgspec.Struct, frozen=True, omit_defaults=True):
    """Features of one view in a service: ``features`` maps each to its name in the vector.

    ``join_keys`` maps the view's join keys to the entity keys of the service, ``types`` the
    features to their stored types when the service was published. ``event_timestamp_as`` and
    ``age_as`` are the names of the row's event timestamp and of its age in seconds, which stand
    behind the features.
    """

    view: str
    join_keys: dict[str, str]
    features: dict[str, str]
    types: dict[str, str]
    event_timestamp_as: str | None = None
    age_as: str | None = None

    @property
    def instants(self) -> dict[str, bool]:
        """The names of these two, where there are any, each with whether it is the age."""
        named = {self.event_timestamp_as: False, self.age_as: True}
        return {name: is_age for name, is_age in named.items() if name}


class OnDemand(msgspec.Struct, frozen=True):
    """A feature that is computed when asked."""

    name: str
    expression: Node


class Service(msgspec.Struct, frozen=True, omit_defaults=True):
    """The ordered features that a model is served with; ``deprecation_date`` is an ISO date.

    Or the name of a model with versions, which ``stands_for`` the latest: a view or service. Then
    it has no parts, and the fingerprint is that of the name it stands for.

    ``on_demand`` come after what the parts have, each computed from those before it, from that,
    and from ``request``: columns that a request gives, with their types. ``hidden`` are not in the
    vector. ``pii`` are the entity keys, request columns and features with personal data.
    """

    service: str
    fingerprint: str
    parts: tuple[ServicePart, ...]
    stands_for: str = ""
    deprecation_date: str | None = None
    on_demand: tuple[OnDemand, ...] = ()
    hidden: tuple[str, ...] = ()
    request: dict[str, str] = {}
    pii: tuple[str, ...] = ()


def incompatibility(part: ServicePart, generation: Generation) -> str | None:
    """Why a generation cannot serve a part; None if it can."""
    types = {feature.name: feature.type for feature in generation.features}
    if lost := [feature for feature in part.features if feature not in types]:
        return f"no longer has {', '.join(lost)}, which"
    if changed := [name for name in part.features if types[name] != part.types[name]]:
        return f"has another type of {', '.join(changed)} than"
    if {key.name for key in generation.keys} != part.join_keys.keys():
        return "has other join keys than"
    return None


def sealed(content: Pointer | Generation | Service, key: str) -> bytes:
    """What a pointer's or description's key holds."""
    text = msgspec.json.encode(content)
    return b'{"crc32":"%08x",' % crc32(text, crc32(key.encode())) + text[1:]


def read_pointer(text: bytes | None, key: str) -> Pointer:
    """The pointer in a key's value, an empty one if there is no key. Raises DamagedError."""
    return Pointer() if text is None else _unsealed(text, key, Pointer)


def read_generation(text: bytes, key: str) -> Generation:
    """A view's description. Raises DamagedError, also if ``schema`` is not that of its columns."""
    found = _unsealed(text, key, Generation)
    columns = [(one.name, one.type) for one in found.keys]
    columns += [(one.name, one.type) for one in found.features]
    if found.schema != schema_fingerprint(columns):
        raise damage(key, "its columns are not those of its schema")
    if any(one.type not in KEY_TYPES for one in found.keys):
        raise damage(key, "a join key has a type that no key has")
    return found


def read_service(text: bytes, key: str) -> Service:
    """A service's description. Raises DamagedError."""
    return _unsealed(text, key, Service)


def damage(key: str, why: str) -> DamagedError:
    """The error for a key of ours that holds what no publisher wrote."""
    return DamagedError(f"{key} in Redis is damaged: {why}; run `feature-warehouse materialize`")


def _unsealed(text: bytes, key: str, kind: type[_Text]) -> _Text:
    seal = _SEAL.match(text)
    content = b"{" + text[seal.end() :] if seal else b""
    if seal is None or int(seal[1], 16) != crc32(content, crc32(key.encode())):
        raise damage(key, "its checksum differs")
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise damage(key, f"it is not a {kind.__name__.lower()}") from None
