"""The generations of a feature view in Redis: made, put in service, taken back, removed.

Every change of what readers see is one compare-and-set of one key, which also holds in a cluster.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar

import msgspec

from feature_warehouse import layout, nodes
from feature_warehouse.errors import BusyError, NotPublishedError, UsageError

__all__ = ["Generations", "Stored"]

# KEYS: one. ARGV: the value it must have, the new value; '' stands for none. A call that is
# repeated because its answer was lost says yes again.
_REPLACE: Final = """
local found = redis.call('GET', KEYS[1]) or ''
if found == ARGV[2] then return 1 end
if found ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2]) end
return 1
"""

Value = TypeVar("Value")


class Stored(msgspec.Struct, Generic[Value], frozen=True):
    """What a key held when we looked, and its bytes, which a compare-and-set expects."""

    value: Value
    text: bytes


class Generations:
    """Those of one view."""

    def __init__(self, client: Any, names: layout.Names, view: str) -> None:
        self._client, self._names, self.view = client, names, view

    def pointer(self) -> Stored[layout.Pointer]:
        key = self._names.pointer(self.view)
        text = self._client.get(key)
        return Stored(layout.read_pointer(text, key), text or b"")

    def find(self, number: Any) -> Stored[layout.Generation] | None:
        """A generation by its number; None if there is none or it has lost its description."""
        if not isinstance(number, int):
            return None
        key = self._names.description(self.view, number)
        text = self._client.get(key)
        return None if text is None else Stored(layout.read_generation(text, key), text)

    def all(self) -> list[layout.Generation]:
        """Those that may have rows and have a description, by number."""
        members = sorted(int(member) for member in self._client.smembers(self._generations))
        return [found.value for number in members if (found := self.find(number))]

    def lose_count(self, number: int) -> None:
        """Rows were removed: the next run that compares looks at every key."""
        while (found := self.find(number)) and found.value.entities is not None:
            unknown = msgspec.structs.replace(found.value, entities=None)
            with suppress(BusyError):
                self.commit(found, unknown)

    def run_number(self) -> int:
        """A number that no run had before."""
        return int(self._client.incr(self._names.run(self.view)))

    def claim(self, number: int, *, keep_previous: bool) -> Stored[layout.Pointer]:
        """Write our number into the pointer: from now on no other run can flip it unnoticed.

        This fences off a run that lost its lock without knowing, such as a process that was stopped
        for a while and goes on.
        """
        while True:
            found = self.pointer()
            previous = found.value.previous if keep_previous else None
            claimed = msgspec.structs.replace(found.value, claim=number, previous=previous)
            if stored := self.replace_pointer(found, claimed):
                # Not before: whoever removes it from the set takes the claim away.
                self._client.sadd(self._generations, number)
                return stored

    def flip(
        self,
        claimed: Stored[layout.Pointer],
        generation: layout.Generation,
        *,
        previous: Any,
        clock: int | None,
    ) -> None:
        """Put a complete generation in service; BusyError if another run has claimed since."""
        key = self._names.description(self.view, generation.number)
        self._client.set(key, layout.sealed(generation, key))
        pointer = layout.Pointer(
            edition=generation.number,
            previous=previous,
            claim=generation.number,
            clock=clock,
            published_at=generation.published_at,
        )
        if not self.replace_pointer(claimed, pointer):
            raise BusyError(
                f"another run took over {self.view!r} meanwhile; this one changed nothing"
            )

    def commit(
        self, before: Stored[layout.Generation], after: layout.Generation
    ) -> Stored[layout.Generation]:
        """Replace how far a generation has come; BusyError if another run did so since."""
        key = self._names.description(self.view, after.number)
        text = layout.sealed(after, key)
        if not self._replace(key, before.text, text):
            raise BusyError(
                f"another run published {self.view!r} meanwhile; its rows and ours are in service"
            )
        return Stored(after, text)

    def replace_pointer(
        self, before: Stored[layout.Pointer], after: layout.Pointer
    ) -> Stored[layout.Pointer] | None:
        """None if the pointer was no longer as it was."""
        key = self._names.pointer(self.view)
        text = b"" if after == layout.Pointer() else layout.sealed(after, key)
        done = self._replace(key, before.text, text)
        return Stored(after, text) if done else None

    def roll_back(self, shares: Mapping[str, Sequence[layout.ServicePart]]) -> layout.Generation:
        """Put the previous generation in service, and the present one in its place.

        ``shares`` is what services take from the view: UsageError if that is not in the previous
        generation. Also raises NotPublishedError and BusyError.
        """
        found = self.pointer()
        if isinstance(found.value.edition, str):
            raise UsageError(f"{self.view!r} is a service; name one of its views")
        now, before = self.find(found.value.edition), self.find(found.value.previous)
        if now is None:
            raise NotPublishedError(f"no view {self.view!r} is published in {self._names.store}")
        if before is None:
            raise NotPublishedError(
                f"no generation of {self.view!r} before {now.value.number} is kept; correct the"
                " model, run `dbt build` and `feature-warehouse materialize`"
            )
        for service, parts in shares.items():
            for part in parts:
                why = layout.misfit(part, before.value)
                if why and not layout.misfit(part, now.value):
                    raise UsageError(
                        f"generation {before.value.number} of {self.view!r} {why} service"
                        f" {service!r} needs; correct the model and publish again"
                    )
        pointer = msgspec.structs.replace(
            found.value,
            edition=before.value.number,
            previous=now.value.number,
            clock=before.value.clock if before.value.simulated else None,
            published_at=time.time_ns() // 1000,
        )
        if not self.replace_pointer(found, pointer):
            raise BusyError(f"another run changed {self.view!r} meanwhile; look and try again")
        return before.value

    def adopt(self, number: int) -> None:
        """Have rows removed that a run has written into a generation removed meanwhile."""
        self._client.sadd(self._generations, number)

    def abandon(self, number: int) -> None:
        """Remove what a run that failed has built."""
        found = self.pointer()
        # The flip may have happened although its answer never arrived: then the rows are in use.
        if found.value.edition == number:
            return
        self.remove(number)
        if found.value.edition is None and found.value.claim == number:
            self.replace_pointer(found, layout.Pointer())

    def tidy(self, *, keep_previous: bool) -> None:
        """Remove what readers cannot reach, left by killed runs, or kept long enough."""
        found = self.pointer()
        previous = found.value.previous if keep_previous else None
        # No claim: a run that sleeps must not flip to what is removed here.
        kept = msgspec.structs.replace(found.value, previous=previous, claim=0)
        if self._unreachable(kept) and self.replace_pointer(found, kept):
            self.remove_all_but(kept)

    def remove_all_but(self, pointer: layout.Pointer, *numbers: int) -> None:
        """Remove the generations that are neither reached by the pointer nor named."""
        for number in sorted(self._unreachable(pointer).difference(numbers)):
            self.remove(number)

    def _unreachable(self, pointer: layout.Pointer) -> set[int]:
        members = {int(member) for member in self._client.smembers(self._generations)}
        return members.difference({pointer.edition, pointer.previous})

    def remove(self, number: int) -> None:
        # The description first: who finds none knows that rows may be missing.
        self._client.unlink(self._names.description(self.view, number))
        for page in nodes.scan(self._client, self._names.row_prefix(self.view, number)):
            nodes.unlink(self._client, page)
        self._client.srem(self._generations, number)

    def remove_view(self) -> None:
        """Take the view (or service) out of service and remove all that belongs to it.

        The run counter stays: a number is never used twice.
        """
        key = self._names.pointer(self.view)
        pointer = layout.read_pointer(self._client.getdel(key), key)
        if pointer.edition is not None:
            self._client.unlink(self._names.description(self.view, pointer.edition))
        self.remove_all_but(layout.Pointer())
        self._client.srem(self._names.members, self.view)

    @property
    def _generations(self) -> str:
        return self._names.generations(self.view)

    def _replace(self, key: str, before: bytes, after: bytes) -> bool:
        replace = self._client.register_script(_REPLACE)
        return bool(replace(keys=[key], args=[before, after]))
