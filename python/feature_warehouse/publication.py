"""One run over one view: a complete new generation beside the one in service, then a flip.

Killed at any instant before the flip, readers have seen nothing; the next run removes what was left
behind. The generation before the current one stays until the run after.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import redis

from feature_warehouse import layout
from feature_warehouse.codec.arrow import (
    instants,
    key_type,
    row_keys,
    stored_default,
    stored_type,
    stored_values,
)
from feature_warehouse.codec.values import encode_rows, schema_fingerprint, to_microseconds
from feature_warehouse.errors import BusyError
from feature_warehouse.registry import FeatureView
from feature_warehouse.warehouse import BATCH_ROWS, Warehouse

__all__ = ["GRACE", "Clock", "Progress", "Publication", "ViewResult", "remove_view"]

GRACE: Final = 86_400_000_000
"""How long a row stays after its ttl, in microseconds: within it readers are told *expired*."""

_KEYS_PER_CALL: Final = 250

# KEYS: rows. ARGV: value, expiry in ms (or 0), value, expiry, ...  Returns the number written.
# Versions are compared as numbers of 32 bits: exact as doubles, and free of the server's locale.
WRITE_NEWER: Final = """
local function newer(new, old)
    local n = {struct.unpack('>I4I4I4I4I4', new)}
    local o = {struct.unpack('>I4I4I4I4I4', old)}
    for i = 1, 5 do
        if n[i] ~= o[i] then return n[i] > o[i] end
    end
    return false
end
local written = 0
for i, key in ipairs(KEYS) do
    local value, expiry = ARGV[2 * i - 1], ARGV[2 * i]
    local old = redis.call('GETRANGE', key, 0, 19)
    if #old < 20 or newer(value, old) then
        if expiry == '0' then
            redis.call('SET', key, value)
        else
            redis.call('SET', key, value, 'PXAT', expiry)
        end
        written = written + 1
    end
end
return written
"""

# KEYS: pointer. ARGV: the value it must have, the new value; '' stands for none. A call that is
# repeated because its answer was lost says yes again.
_REPLACE: Final = """
local found = redis.call('GET', KEYS[1]) or ''
if found == ARGV[2] then return 1 end
if found ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2]) end
return 1
"""

Progress = Callable[[str, int], None]
"""Called with a view and the number of rows just written."""


class Clock(msgspec.Struct, frozen=True):
    """The instant a run calls now, in microseconds since 1970 UTC."""

    now: int
    simulated: bool

    @classmethod
    def real(cls) -> "Clock":
        return cls(time.time_ns() // 1000, simulated=False)

    @classmethod
    def at(cls, instant: datetime) -> "Clock":
        """A simulated clock, which readers follow too. A naive instant is UTC."""
        return cls(to_microseconds(instant), simulated=True)


class ViewResult(msgspec.Struct):
    """What became of one view. ``status`` is success or error; durations are seconds."""

    view: str
    status: str = "success"
    message: str = ""
    exit_code: int = 0
    generation: int | None = None
    rows_in_warehouse: int = 0
    rows_written: int = 0
    rows_without_keys: int = 0
    rows_without_event: int = 0
    rows_not_yet_available: int = 0
    entities_expired: int = 0
    bytes_written: int = 0
    seconds: float = 0.0


class Publication:
    """One run over one view."""

    def __init__(
        self,
        client: "redis.Redis",
        names: layout.Names,
        view: FeatureView,
        clock: Clock,
        invocation_id: str,
    ) -> None:
        self._client, self._names, self._view, self._clock = client, names, view, clock
        self._invocation_id = invocation_id
        self._started = time.perf_counter()
        self._newest_event: int | None = None

    def publish(self, warehouse: Warehouse, result: ViewResult, progress: Progress) -> None:
        client, names, view = self._client, self._names, self._view
        counts = warehouse.counts(view, self._clock.now)
        result.rows_in_warehouse = counts.rows
        result.rows_without_keys = counts.without_keys
        result.rows_without_event = counts.without_event
        result.rows_not_yet_available = counts.not_yet_available

        number = int(client.incr(names.run(view.name)))
        client.sadd(names.generations(view.name), number)
        try:
            claimed = self._claim(number)
            self._remove_generations(keep={number, claimed.edition})
            generation = self._write(warehouse, number, result, progress)
            client.set(names.description(view.name, number), msgspec.json.encode(generation))
            self._flip(claimed, generation)
            client.sadd(names.members, view.name)
            client.sadd(layout.STORES, names.store)
        except BaseException:
            # Also on Ctrl-C. A kill -9 leaves this to the next run.
            with suppress(redis.RedisError):
                self._abandon(number)
            raise
        result.generation = number

    def _write(
        self, warehouse: Warehouse, number: int, result: ViewResult, progress: Progress
    ) -> layout.Generation:
        with warehouse.newest_rows(self._view, self._clock.now) as reader:
            generation = self._describe(reader.schema, number)
            for large in reader:
                for start in range(0, large.num_rows, BATCH_ROWS):
                    batch = large.slice(start, BATCH_ROWS)
                    written = self._write_batch(batch, generation, result)
                    result.rows_written += written
                    progress(self._view.name, written)
        return msgspec.structs.replace(
            generation,
            rows=result.rows_written,
            newest_event=self._newest_event,
            published_at=time.time_ns() // 1000,
            seconds=time.perf_counter() - self._started,
        )

    def _describe(self, schema: pa.Schema, number: int) -> layout.Generation:
        """Names and types as the warehouse delivers them; refuses what cannot be served."""
        view = self._view
        fields = list(schema)
        keys = tuple(
            layout.Column(key.name, key_type(key.name, field))
            for key, field in zip(view.join_keys, fields, strict=False)
        )
        features: list[layout.Feature] = []
        for column, field in zip(view.features, fields[len(keys) :], strict=False):
            stored = stored_type(column.name, field)
            default = stored_default(column.name, column.default, field.type, stored)
            features.append(layout.Feature(column.name, stored, default))
        return layout.Generation(
            view=view.name,
            number=number,
            keys=keys,
            features=tuple(features),
            schema=schema_fingerprint(
                [(key.name, key.type) for key in keys] + [(f.name, f.type) for f in features]
            ),
            clock=self._clock.now,
            ttl=view.ttl,
            grace=GRACE,
            invocation_id=self._invocation_id,
        )

    def _write_batch(
        self, batch: pa.RecordBatch, generation: layout.Generation, result: ViewResult
    ) -> int:
        view = self._view
        event_at = len(generation.keys) + len(generation.features)
        events = instants(view.event_timestamp.name, batch.column(event_at))
        if generation.ttl is not None:
            ends = pc.add(events, generation.ttl)
            result.entities_expired += _count(pc.less(ends, self._clock.now))
            kept = pc.greater(pc.add(ends, generation.grace), self._clock.now)
            batch, events = batch.filter(kept), events.filter(kept)
        if batch.num_rows == 0:
            return 0
        created: Iterable[Any] = [None] * batch.num_rows
        if view.created_timestamp:
            created = instants(view.created_timestamp.name, batch.column(event_at + 1)).to_pylist()
        first = len(generation.keys)
        keys = row_keys(
            self._names.row_prefix(view.name, generation.number),
            [key.name for key in generation.keys],
            [batch.column(index) for index in range(first)],
        )
        values = encode_rows(
            events.to_pylist(),
            list(created),
            generation.number,
            generation.schema,
            [
                stored_values(feature.name, batch.column(first + index), feature.type)
                for index, feature in enumerate(generation.features)
            ],
        )
        newest = pc.max(events).as_py()
        self._newest_event = max(newest, self._newest_event or newest)
        result.bytes_written += sum(map(len, keys)) + sum(map(len, values))
        return self._send(keys, values, self._expiries(events, generation))

    def _expiries(self, events: pa.Array, generation: layout.Generation) -> list[int]:
        """When Redis may drop each row, in milliseconds; 0 for never.

        Under a simulated clock time stands still, so nothing ever expires by itself.
        """
        if generation.ttl is None or self._clock.simulated:
            return [0] * len(events)
        ends = pc.add(events, generation.ttl + generation.grace)
        milliseconds: list[int] = pc.divide(ends, 1000).to_pylist()
        return milliseconds

    def _send(self, keys: list[str], values: list[bytes], expiries: list[int]) -> int:
        write = self._client.register_script(WRITE_NEWER)
        pipe = self._client.pipeline(transaction=False)
        for start in range(0, len(keys), _KEYS_PER_CALL):
            part = slice(start, start + _KEYS_PER_CALL)
            arguments: list[Any] = []
            for value, expiry in zip(values[part], expiries[part], strict=True):
                arguments += (value, expiry)
            write(keys=keys[part], args=arguments, client=pipe)
        return sum(pipe.execute())

    def _claim(self, number: int) -> layout.Pointer:
        """Write our number into the pointer: from now on no other run can flip it unnoticed.

        This fences off a run that lost its lock without knowing, such as a process that was stopped
        for a while and goes on.
        """
        while True:
            pointer = self._pointer()
            self._refuse_older_clock(pointer)
            claimed = msgspec.structs.replace(pointer, claim=number)
            if self._replace(pointer, claimed):
                return claimed

    def _refuse_older_clock(self, pointer: layout.Pointer) -> None:
        if pointer.edition is None or pointer.simulated or self._clock.simulated:
            return
        if pointer.clock > self._clock.now:
            raise BusyError(
                f"a later run has published {self._view.name!r} meanwhile; this one changed nothing"
            )

    def _flip(self, claimed: layout.Pointer, generation: layout.Generation) -> None:
        published = layout.Pointer(
            edition=generation.number,
            claim=generation.number,
            clock=self._clock.now,
            simulated=self._clock.simulated,
            published_at=generation.published_at,
        )
        if not self._replace(claimed, published):
            raise BusyError(
                f"another run took over {self._view.name!r} meanwhile; this one changed nothing"
            )

    def _abandon(self, number: int) -> None:
        pointer = self._pointer()
        # The flip may have happened although its answer never arrived: then the rows are in use.
        if pointer.edition == number:
            return
        _remove_generation(self._client, self._names, self._view.name, number)
        if pointer.edition is None and pointer.claim == number:
            self._replace(pointer, layout.Pointer())

    def _pointer(self) -> layout.Pointer:
        return layout.read_pointer(self._client.get(self._names.pointer(self._view.name)))

    def _replace(self, before: layout.Pointer, after: layout.Pointer) -> bool:
        nothing = layout.Pointer()
        values = [b"" if p == nothing else msgspec.json.encode(p) for p in (before, after)]
        replace = self._client.register_script(_REPLACE)
        return bool(replace(keys=[self._names.pointer(self._view.name)], args=values))

    def _members(self) -> set[int]:
        members = self._client.smembers(self._names.generations(self._view.name))
        return {int(member) for member in members}

    def _remove_generations(self, keep: "set[Any]") -> None:
        for number in sorted(self._members() - keep):
            _remove_generation(self._client, self._names, self._view.name, number)


def remove_view(client: "redis.Redis", names: layout.Names, name: str) -> None:
    """Take a view or service out of service and remove all that belongs to it."""
    pointer = layout.read_pointer(client.getdel(names.pointer(name)))
    if pointer.edition is not None:
        client.unlink(names.description(name, pointer.edition))
    for member in client.smembers(names.generations(name)):
        _remove_generation(client, names, name, int(member))
    # The run counter stays: a number is never used twice.
    client.srem(names.members, name)


def _remove_generation(client: "redis.Redis", names: layout.Names, view: str, number: int) -> None:
    pattern = layout.glob(names.row_prefix(view, number)) + "*"
    doomed: list[bytes] = []
    for key in client.scan_iter(pattern, count=5_000):
        doomed.append(key)
        if len(doomed) >= 1_000:
            client.unlink(*doomed)
            doomed.clear()
    client.unlink(names.description(view, number), *doomed)
    client.srem(names.generations(view), number)


def _count(mask: pa.Array) -> int:
    return int(pc.sum(mask).as_py() or 0)
