"""How the logged reads of a service are read: all that its plan was made of, and nothing more.

A message names the description that it was written by, which lies beside it, so that it can be read
when the service, its views and their generations are long gone. Of each view a description has
what the service takes, in the service's order, and so have the rows in messages. Personal data is
not in it, or hashed:

- a feature, request column or entity key that is flagged ``pii`` is left out, or with a key for
  hashes replaced by a text, the HMAC-SHA-256 of its value;
- an on-demand feature that is flagged, or computed from one of them, is left out, since it cannot
  be computed again, and so are ages and event timestamps among the features where the latter is
  flagged.

An entity key that is left out is NULL. The version of a row, with its timestamps, is always there.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from feature_warehouse.codec.batches import BODY, END
from feature_warehouse.codec.rows import CHECKSUM, schema_fingerprint
from feature_warehouse.on_demand.expressions import names_in
from feature_warehouse.redis_store import layout
from feature_warehouse.serving.plan import Plan

__all__ = ["HASH_LENGTH", "Description", "Recorder", "hashed", "narrowed", "recorder"]

HASH_LENGTH: Final = 32
"""Characters of a hash."""

_NO_CHECKSUM: Final = bytes(CHECKSUM.size)

_decode: Final = msgspec.msgpack.Decoder(list[Any]).decode
_encode: Final = msgspec.msgpack.Encoder().encode

Convert = Callable[[bytes], bytes]


class Description(msgspec.Struct, frozen=True, omit_defaults=True):
    """A service as its logged reads have it, with the generation and the clock of each part.

    ``clocks`` are simulated ones, in microseconds since 1970 UTC. ``left_out`` and ``hashed`` are
    entity keys, request columns and features of which it has no values, or hashes.
    """

    store: layout.Names
    service: layout.Service
    generations: tuple[layout.Generation, ...]
    clocks: tuple[int | None, ...]
    left_out: tuple[str, ...] = ()
    hashed: tuple[str, ...] = ()


class Recorder(msgspec.Struct, frozen=True, gc=False):
    """How the reads by one plan are written down; ``id`` is that of the description, ``text``.

    ``anchors`` say for each key tuple of the plan in which part it stands, after how many
    characters. ``wide`` are the places of request columns whose whole numbers may have more than 64
    bits. ``convert`` makes the row of each part as the description has it, None where that is the
    row as stored. ``keys`` and ``given`` are the places of entity keys, in each key tuple, and of
    request columns that hold personal data, and ``hide`` is what is written in place of a value;
    ``kept`` are the places of the request columns that are written.
    """

    id: str
    text: bytes
    names: layout.Names
    service: str
    anchors: tuple[tuple[int, int], ...]
    texts: tuple[tuple[tuple[str, str], ...], ...]
    wide: tuple[int, ...]
    convert: tuple[Convert | None, ...]
    keys: tuple[tuple[int, ...], ...]
    given: tuple[int, ...]
    kept: tuple[int, ...]
    hide: Callable[[Any], str | None]

    @property
    def changes(self) -> bool:
        """Whether reads are written otherwise than they were read."""
        return bool(any(self.convert) or any(self.keys) or self.given)


def hashed(key: bytes, value: Any) -> str:
    """A value that is not NULL, in stored form, as a text that tells nobody without the key."""
    text = value.encode() if isinstance(value, str) else _encode(value)
    return hmac.new(key, text, hashlib.sha256).hexdigest()[:HASH_LENGTH]


def recorder(names: layout.Names, plan: Plan, pii_key: bytes | None) -> Recorder:
    """That of a service's plan; with a key personal data is hashed, without it is left out."""
    assert plan.service is not None
    clocks = [part.clock for part in plan.parts]
    hashes = pii_key is not None
    description = narrowed(names, plan.service, plan.generations, clocks, hashes=hashes)
    text = msgspec.json.encode(description)
    hide = _hide(pii_key)
    pii = {*plan.service.pii}
    first = {part.text: place for place, part in reversed(list(enumerate(plan.parts)))}
    request = plan.service.request
    parts = zip(plan.generations, plan.service.parts, description.generations, strict=True)
    return Recorder(
        id=hashlib.sha256(text).hexdigest()[:16],
        text=text,
        names=names,
        service=plan.service.service,
        anchors=tuple(
            (first[place], len(plan.parts[first[place]].prefix)) for place in range(len(plan.texts))
        ),
        texts=plan.texts,
        wide=tuple(
            place for place, kind in enumerate(request.values()) if kind.startswith("numeric")
        ),
        convert=tuple(_converter(whole, part, own, pii, hide) for whole, part, own in parts),
        keys=tuple(
            tuple(place for place, (key, _) in enumerate(keys) if key in pii) for keys in plan.texts
        ),
        given=tuple(place for place, name in enumerate(request) if name in pii),
        kept=tuple(
            place for place, name in enumerate(request) if name in description.service.request
        ),
        hide=hide,
    )


def narrowed(
    names: layout.Names,
    service: layout.Service,
    generations: Sequence[layout.Generation],
    clocks: Sequence[int | None],
    *,
    hashes: bool,
) -> Description:
    """The description of a service that is read from these generations."""
    pii = {*service.pii} - {one.name for one in service.on_demand}
    gone = set() if hashes else pii
    tainted = {*service.pii}
    computed: list[layout.OnDemand] = []
    for one in service.on_demand:
        if one.name not in tainted and tainted.isdisjoint(names_in(one.expression)):
            computed.append(one)
        else:
            tainted.add(one.name)
    parts: list[layout.ServicePart] = []
    found: list[layout.Generation] = []
    for part, generation in zip(service.parts, generations, strict=True):
        own, narrow = _narrowed_part(part, generation, pii, gone)
        parts.append(own)
        found.append(narrow)
    request = {
        name: "text" if name in pii else kind
        for name, kind in service.request.items()
        if name not in gone
    }
    instants = [name for part in parts for name in part.instants if name in pii]
    hidden = dict.fromkeys([*service.hidden, *instants])
    known = {name for part in parts for name in (*part.features.values(), *part.instants)}
    narrow_service = layout.Service(
        service=service.service,
        fingerprint=service.fingerprint,
        parts=tuple(parts),
        on_demand=tuple(computed),
        hidden=tuple(name for name in hidden if name in known | {c.name for c in computed}),
        request=request,
    )
    return Description(
        store=names,
        service=narrow_service,
        generations=tuple(found),
        clocks=tuple(clocks),
        left_out=tuple(sorted({*gone, *instants} | (tainted - pii))),
        hashed=tuple(sorted(pii - gone - {*instants})),
    )


def _narrowed_part(
    part: layout.ServicePart, generation: layout.Generation, pii: set[str], gone: set[str]
) -> tuple[layout.ServicePart, layout.Generation]:
    """A part and its generation with the features that are logged, in the part's order."""
    features = {name: output for name, output in part.features.items() if output not in gone}
    stored = {feature.name: feature for feature in generation.features}
    own = [
        layout.Feature(name, "string")
        if output in pii
        else layout.Feature(name, stored[name].type, stored[name].default)
        for name, output in features.items()
    ]
    keys = tuple(
        layout.Column(key.name, "string" if part.join_keys[key.name] in pii else key.type)
        for key in generation.keys
    )
    columns = [(one.name, one.type) for one in keys] + [(one.name, one.type) for one in own]
    narrow = layout.Generation(
        view=generation.view,
        number=generation.number,
        keys=keys,
        features=tuple(own),
        schema=schema_fingerprint(columns),
        declaration={},
        ttl=generation.ttl,
        grace=generation.grace,
    )
    types = {one.name: one.type for one in own}
    return msgspec.structs.replace(part, features=features, types=types), narrow


def _hide(pii_key: bytes | None) -> Callable[[Any], str | None]:
    if pii_key is None:
        return lambda _: None
    return lambda value: None if value is None else hashed(pii_key, value)


def _converter(
    whole: layout.Generation,
    part: layout.ServicePart,
    own: layout.Generation,
    pii: set[str],
    hide: Callable[[Any], str | None],
) -> Convert | None:
    """What makes a stored row one of the narrower generation; None if it is one."""
    names = [feature.name for feature in own.features]
    hidden = [place for place, name in enumerate(names) if part.features[name] in pii]
    places = {feature.name: place for place, feature in enumerate(whole.features)}
    taken = [places[name] for name in names]
    if taken == list(range(len(places))) and not hidden:
        return None

    def convert(row: bytes) -> bytes:
        values = _decode(row[BODY:END])
        kept = [values[place] for place in taken]
        for place in hidden:
            kept[place] = hide(kept[place])
        return row[:BODY] + _encode(kept) + _NO_CHECKSUM

    return convert
