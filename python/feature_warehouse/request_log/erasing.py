"""Erasing an entity from the request log: which logged reads are its, and the streams.

A logged read of a service is the entity's if one of the service's views has join keys of these
names, and the read has their values, whatever the service calls the keys. A message with reads of
others is replaced by one without those of the entity, in one step, which only a message that is
still there takes part in. Then a mark is left, by which a drain knows that what it has read before
must be read again.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from feature_warehouse.codec.keys import KEY_TYPES, key_text
from feature_warehouse.codec.texts import read_typed
from feature_warehouse.errors import EntityError, FeatureWarehouseError
from feature_warehouse.redis_store import cluster, layout
from feature_warehouse.request_log import messages
from feature_warehouse.request_log.descriptions import Description, hashed
from feature_warehouse.request_log.stream import FIELD
from feature_warehouse.serving.plan import described_plan

__all__ = ["Erased", "LoggedKeys", "Streams", "Wanted"]

_MESSAGES: Final = 100

# KEYS: the stream. ARGV: an entry, the field, and what stands for it from now on, if anything does.
_REPLACE: Final = """
if redis.call('XDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
if ARGV[3] then redis.call('XADD', KEYS[1], '*', ARGV[2], ARGV[3]) end
return 1
"""


class Erased(msgspec.Struct, frozen=True):
    """What was erased in one place of the log: a stream, a table or a folder.

    ``left`` is what a second look found: 0. ``hashed`` are rows that have a hash of the entity's
    key, which could not be looked for without the secret, ``without_key`` those of which the key
    was left out: nothing tells whose they are. ``unreadable`` are messages or files.
    """

    place: str
    rows_erased: int
    left: int = 0
    hashed: int = 0
    without_key: int = 0
    unreadable: int = 0


class LoggedKeys(msgspec.Struct, frozen=True):
    """Which columns of a log hold the join keys of a view, by the names that the view has.

    Those that are ``personal`` may be hashed or left out.
    """

    view: str
    columns: dict[str, str]
    personal: frozenset[str]


class Wanted(msgspec.Struct, frozen=True):
    """The entity: join keys and texts as they are ``given``, and the secret of hashes.

    ``texts`` are the forms that the row keys of each view have of them.
    """

    given: Mapping[str, str]
    texts: Mapping[str, Sequence[Mapping[str, str]]]
    pii_key: bytes | None = None

    def text(self, name: str, kind: str) -> str | None:
        """The value of a key as a log has it that holds such a type; None if it can be none."""
        try:
            return key_text(name, read_typed(name, self.given[name], kind), kind)
        except EntityError:
            return None

    def values(self, view: str, name: str, kind: str) -> list[str]:
        """What a column of such a type may have, as texts."""
        text = self.text(name, kind)
        if text is None:
            return []
        return [text, *sorted(self.hashes(view, name))] if kind == "string" else [text]

    def hashes(self, view: str, name: str) -> set[str]:
        """The value as hashes, whatever type the view's key had; none without the secret."""
        if self.pii_key is None:
            return set()
        texts = {form[name] for form in self.texts.get(view, ())} or {self.given[name]}
        return {hashed(self.pii_key, text) for text in texts}


class _Condition(msgspec.Struct, frozen=True):
    """A key tuple of the plan, and the texts that some of its keys have."""

    place: int
    texts: dict[int, set[str]]
    count: int

    def holds(self, keys: messages.Keys) -> bool:
        values = messages.key_values(keys, self.count)
        return all(values[place] in texts for place, texts in self.texts.items())


class _Search(msgspec.Struct, frozen=True):
    """How reads of a description are searched, and whether they may be the entity's unseen."""

    conditions: list[_Condition]
    is_hashed: bool
    is_without_key: bool


def _is_theirs(search: _Search) -> bool:
    """Whether reads of the description may be the entity's."""
    return bool(search.conditions or search.is_hashed or search.is_without_key)


class Streams:
    """The streams of one store, found by a look at every key: no list is complete."""

    def __init__(self, client: Any, names: layout.Names) -> None:
        self._client, self._names = client, names
        self._replace = client.register_script(_REPLACE)
        prefix = f"{names.logged_services}:{{{names.pointer('')}"
        ids: dict[str, set[str]] = {}
        for page in cluster.scan(client, prefix):
            for key in page:
                text = key[len(prefix) :].decode(errors="replace")
                service, _, rest = text.partition("}")
                found = ids.setdefault(service, set())
                if rest.startswith("@"):
                    found.add(rest[1:])
        self.services = sorted(ids.keys() | cluster.members(client, names.logged_services))
        """Those that have a log."""
        self.descriptions = {
            service: {one: read for one in own if (read := self._description(service, one))}
            for service, own in ids.items()
        }
        """By service and id, those that can be read."""

    def logged_keys(self, service: str) -> list[LoggedKeys]:
        """As the descriptions have them."""
        return [
            LoggedKeys(part.view, part.join_keys, frozenset({*one.hashed, *one.left_out}))
            for one in self.descriptions.get(service, {}).values()
            for part in one.service.parts
        ]

    def know(self, wanted: Wanted) -> bool:
        """Whether any description has such an entity."""
        searches = [
            _search(one, wanted) for own in self.descriptions.values() for one in own.values()
        ]
        return any(map(_is_theirs, searches))

    def erase(self, service: str, wanted: Wanted) -> Erased | None:
        """Erase the entity's reads from the stream of a service, look again, and leave the mark.

        None if the service has no such keys and nothing that cannot be read. Raises DamagedError
        if the key holds no stream.
        """
        stream = self._names.requests(service)
        known = self.descriptions.setdefault(service, {})
        searches: dict[str, _Search | None] = {
            one: _search(found, wanted) for one, found in known.items()
        }

        def search_of(one: str) -> _Search | None:
            # A run may put another generation in service while we look.
            if one not in searches:
                found = self._description(service, one)
                searches[one] = _search(found, wanted) if found else None
            return searches[one]

        erased = left = 0
        for key, message, kept, count in self._with_entity(stream, search_of, _Counts()):
            text = [messages.message(message.description, kept)] if kept else []
            erased += count * bool(self._replace(keys=[stream], args=[key, FIELD, *text]))
        counts = _Counts()
        for *_, count in self._with_entity(stream, search_of, counts):
            left += count
        self.mark(service)
        if not (counts.unreadable or any(one and _is_theirs(one) for one in searches.values())):
            return None
        return Erased(stream, erased, left, counts.hashed, counts.without_key, counts.unreadable)

    def mark(self, service: str) -> None:
        """Have drains read again what they have read until now."""
        self._client.set(self._names.request_erasures(service), secrets.token_hex(8))

    def _with_entity(
        self, stream: str, search_of: Callable[[str], _Search | None], counts: "_Counts"
    ) -> Iterator[tuple[bytes, messages.Message, list[messages.Entities], int]]:
        """The messages that have the entity, the oldest first.

        Each with the reads without it, and how many entities that are less. What cannot be searched
        is counted.
        """
        start = "-"
        while page := cluster.entries(self._client, stream, start, _MESSAGES):
            start = "(" + page[-1][0].decode()
            for key, fields in page:
                message = messages.decode(fields.get(FIELD, b""))
                search = search_of(message.description) if message else None
                if message is None or search is None:
                    counts.unreadable += 1
                    continue
                try:
                    entities = sum(map(len, message.reads))
                    kept = _without(message, search.conditions)
                except (IndexError, ValueError):
                    counts.unreadable += 1
                    continue
                counts.hashed += entities * search.is_hashed
                counts.without_key += entities * search.is_without_key
                if count := entities - sum(map(len, kept)):
                    yield key, message, kept, count

    def _description(self, service: str, one: str) -> Description | None:
        text = cluster.value(self._client, f"{self._names.requests(service)}@{one}")
        try:
            found = msgspec.json.decode(text or b"", type=Description)
            _plan(found)
        except (msgspec.DecodeError, FeatureWarehouseError, ValueError, KeyError, IndexError):
            return None
        kinds = {key.type for generation in found.generations for key in generation.keys}
        return found if kinds <= KEY_TYPES else None


class _Counts:
    hashed = without_key = unreadable = 0


def _plan(description: Description) -> Any:
    return described_plan(
        description.store, description.service, description.generations, description.clocks
    )


def _search(description: Description, wanted: Wanted) -> _Search:
    plan = _plan(description)
    conditions: list[_Condition] = []
    is_hashed = is_without_key = False
    parts = zip(plan.parts, description.service.parts, description.generations, strict=True)
    for planned, part, generation in parts:
        keys = [key.name for key in generation.keys]
        if not wanted.given or not wanted.given.keys() <= set(keys):
            continue
        columns = {name: part.join_keys[name] for name in wanted.given}
        if {*columns.values()} & {*description.left_out}:
            is_without_key = True
            continue
        if wanted.pii_key is None and {*columns.values()} & {*description.hashed}:
            is_hashed = True
            continue
        texts: dict[int, set[str]] = {}
        for name, column in columns.items():
            place = keys.index(name)
            if column in description.hashed:
                texts[place] = wanted.hashes(part.view, name)
            else:
                text = wanted.text(name, generation.keys[place].type)
                texts[place] = set() if text is None else {text}
        if all(texts.values()):
            conditions.append(_Condition(planned.text, texts, len(keys)))
    return _Search(conditions, is_hashed, is_without_key)


def _without(
    message: messages.Message, conditions: Sequence[_Condition]
) -> list[messages.Entities]:
    """The reads of a message without those of the entity."""
    found: list[messages.Entities] = []
    for read in message.reads:
        theirs = {
            place
            for condition in conditions
            for place, keys in enumerate(read.keys[condition.place])
            if condition.holds(keys)
        }
        found += messages.parts_without(read, theirs)
    return found
