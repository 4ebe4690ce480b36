"""The generations of a feature view in Redis: made, put in service, taken back, removed.

Every change of what readers see is one compare-and-set of one key, which also holds in a cluster.

Redis may lose any key: it evicts, is emptied, or somebody deletes one. So a number is given to a
generation only if nothing in Redis knows it or a greater one, the keys themselves included; what is
removed was found unreachable before the compare-and-set that made it so for good; and what no
bookkeeping knows any more is found by looking at all keys (``stored``). That takes time with every
key of the server, whosever it is, so it is done where it decides something: before a generation is
built, to forget, to prune, and where the bookkeeping is seen to be lost.
"""

import re
import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

import msgspec

from feature_warehouse.errors import BusyError, DamagedError, NotPublishedError, UsageError
from feature_warehouse.redis_store import cluster, layout
from feature_warehouse.redis_store.find import listed, stored
from feature_warehouse.redis_store.publication_log import PublicationLog
from feature_warehouse.util.spelling import hint

__all__ = ["Generations", "Inventory", "Stored", "numbers_in"]

# KEYS: one. ARGV: the value it must have, the new value; '' stands for none. A call that is
# repeated because its answer was lost says yes again. What is not a string counts as OTHER_TYPE.
_REPLACE: Final = """
local found = redis.pcall('GET', KEYS[1]) or ''
if type(found) == 'table' then
    if found.err:sub(1, 9) ~= 'WRONGTYPE' then return found end
    found = '\\0'
end
if found ~= ARGV[1] and found ~= ARGV[2] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2]) end
return 1
"""
# KEYS: a counter, which may be lost or damaged. ARGV: what the next number has to be above.
_NEXT: Final = """
local found = redis.pcall('GET', KEYS[1])
if type(found) == 'table' and found.err:sub(1, 9) ~= 'WRONGTYPE' then return found end
local last = type(found) == 'string' and found:match('^%d+$') and #found < 10 and tonumber(found)
local number = math.max(last or 0, tonumber(ARGV[1])) + 1
redis.call('SET', KEYS[1], number)
return number
"""
_NUMBER: Final = re.compile("[0-9]{1,9}")

Value = TypeVar("Value")


class Stored(msgspec.Struct, Generic[Value], frozen=True):
    """What a key held when we looked, and its bytes, which a compare-and-set expects."""

    value: Value
    text: bytes


class Inventory:
    """What ``stored`` finds, looked up when it is first asked for: once for all views of a run.

    What comes later has a number that the bookkeeping knows; and a row that is found where a
    generation is built stops the run.
    """

    def __init__(self, client: Any, names: layout.Names) -> None:
        self._client, self._names = client, names

    def numbers(self, view: str) -> set[int]:
        """The numbers of a view's generations that have a key."""
        return numbers_in(self._stored.get(view, set()))

    @cached_property
    def _stored(self) -> dict[str, set[str]]:
        return stored(self._client, self._names)


class Generations:
    """Those of one view. With ``repairs``, what is damaged counts as gone."""

    def __init__(
        self, client: Any, names: layout.Names, view: str, *, repairs: bool = False
    ) -> None:
        self._client, self._names, self.view, self._repairs = client, names, view, repairs
        self._claimant = secrets.token_hex(4)

    def pointer(self) -> Stored[layout.Pointer]:
        """Raises DamagedError, unless we repair."""
        key = self._names.pointer(self.view)
        text = cluster.value(self._client, key)
        try:
            return Stored(layout.read_pointer(text, key), text or b"")
        except DamagedError:
            if not self._repairs:
                raise
            return Stored(layout.Pointer(), text or b"")

    def find(self, number: Any) -> Stored[layout.Generation] | None:
        """A generation by its number; None if there is none or it has lost its description.

        Raises DamagedError, unless we repair.
        """
        if not isinstance(number, int):
            return None
        key = self._names.description(self.view, number)
        text = cluster.value(self._client, key)
        try:
            return None if text is None else Stored(layout.read_generation(text, key), text)
        except DamagedError:
            if not self._repairs:
                raise
            return None

    def described(self, numbers: set[int]) -> list[layout.Generation]:
        """Those of these numbers that have a description, by number."""
        return [found.value for number in sorted(numbers) if (found := self.find(number))]

    def known(self) -> set[int]:
        """The numbers that the bookkeeping knows: a glance."""
        pointer = self.pointer().value
        own = (pointer.version, pointer.previous, pointer.claim)
        return self._members() | {number for number in own if isinstance(number, int) and number}

    def all(self) -> set[int]:
        """The numbers of all that may have a key, known or not: a look at every key."""
        versions = stored(self._client, self._names, self.view).get(self.view, set())
        return self.known() | numbers_in(versions)

    def mark_erasure(self, number: int) -> None:
        """Rows are about to be removed: a run that sleeps must notice, the next one look at all."""
        while found := self.find(number):
            marked = msgspec.structs.replace(
                found.value, entities=None, erasures=found.value.erasures + 1
            )
            with suppress(BusyError):
                self.commit(found, marked)
                return

    def next_number(self, numbers: set[int]) -> int:
        """A number above these, and that no run had before."""
        script = self._client.register_script(_NEXT)
        key = self._names.run(self.view)
        return int(script(keys=[key], args=[max(numbers, default=0)]))

    def claim(
        self, number: int, numbers: set[int], *, keep_previous: bool
    ) -> Stored[layout.Pointer]:
        """Write our number into the pointer: from now on no other run can flip it unnoticed.

        This fences off a run that lost its lock without knowing, such as a process that was stopped
        for a while and goes on. Of ``numbers`` all that are unreachable then are removed. BusyError
        if the pointer knows our number or a greater one.
        """
        while True:
            found = self.pointer()
            before = found.value
            own = {before.version, before.previous, before.claim}
            if any(isinstance(other, int) and other >= number for other in own):
                raise self._taken_over()
            claimed = msgspec.structs.replace(
                before,
                claim=number,
                claimant=self._claimant,
                previous=before.previous if keep_previous else None,
            )
            if done := self.replace_pointer(found, claimed):
                # Not before: whoever removes it from the set takes the claim away.
                self.adopt(number)
                doomed: set[Any] = {*numbers, before.claim, before.previous}
                self._remove_all(doomed - {number, claimed.version, claimed.previous})
                return done

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
        pointer = layout.Pointer(
            version=generation.number,
            previous=previous,
            claim=generation.number,
            claimant=claimed.value.claimant,
            clock=clock,
            published_at=generation.published_at,
        )
        done = self._replace(key, b"", layout.sealed(generation, key))
        if not done or not self.replace_pointer(claimed, pointer):
            raise self._taken_over()

    def commit(
        self, before: Stored[layout.Generation], after: layout.Generation
    ) -> Stored[layout.Generation]:
        """Replace how far a generation has come; BusyError if it is not as it was ``before``."""
        key = self._names.description(self.view, after.number)
        text = layout.sealed(after, key)
        if not self._replace(key, before.text, text):
            now = self.find(after.number)
            if now is None:
                what = "was taken away, or lost from Redis,"
            elif now.value.erasures != before.value.erasures:
                what = "had an entity forgotten"
            else:
                what = "was published to by another run"
            raise BusyError(
                f"generation {after.number} of {self.view!r} {what} meanwhile; run again"
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

    def roll_back(
        self, parts_by_service: Mapping[str, Sequence[layout.ServicePart]]
    ) -> layout.Generation:
        """Put the generation before in service; never a later one, however often it is called.

        ``parts_by_service`` is what services take from the view: UsageError if that is not in the
        previous generation. Also raises NotPublishedError and BusyError.
        """
        found = self.pointer()
        if isinstance(found.value.version, str):
            raise UsageError(f"{self.view!r} is a service; name one of its views")
        now, before = self.find(found.value.version), self.find(found.value.previous)
        if now is None:
            known = sorted(listed(self._client, self._names))
            raise NotPublishedError(
                f"no view {self.view!r} is published in {self._names.store}{hint(self.view, known)}"
            )
        # After a rollback the generation that was taken back stands there.
        if before is None or before.value.number > now.value.number:
            raise NotPublishedError(
                f"no generation of {self.view!r} before {now.value.number} is kept; correct the"
                " model, run `dbt build` and `feature-warehouse materialize`"
            )
        for service, parts in parts_by_service.items():
            for part in parts:
                why = layout.incompatibility(part, before.value)
                if why and not layout.incompatibility(part, now.value):
                    raise UsageError(
                        f"generation {before.value.number} of {self.view!r} {why} service"
                        f" {service!r} needs; correct the model and publish again"
                    )
        pointer = msgspec.structs.replace(
            found.value,
            version=before.value.number,
            previous=now.value.number,
            clock=before.value.clock if before.value.simulated else None,
            published_at=time.time_ns() // 1000,
        )
        if not self.replace_pointer(found, pointer):
            raise BusyError(f"another run changed {self.view!r} meanwhile; check it and try again")
        log = PublicationLog(self._client, self._names)
        log.note_rollback(before.value, at=pointer.published_at)
        return before.value

    def adopt(self, number: int) -> None:
        """Note that a generation may have rows, which somebody has to remove."""
        cluster.put_member(self._client, self._names.generations(self.view), number)

    def abandon(self, number: int) -> None:
        """Remove what a run that failed has built, if its claim still stands."""
        found = self.pointer()
        # The flip may have happened although its answer never arrived: then the rows are in use.
        if found.value.version == number:
            return
        # Whoever took the claim away removes the rows, and may have built others since.
        if (found.value.claim, found.value.claimant) == (number, self._claimant):
            self.remove(number)
            self.replace_pointer(found, msgspec.structs.replace(found.value, claim=0, claimant=""))

    def tidy(self, *, keep_previous: bool, thoroughly: bool = False) -> None:
        """Remove what readers cannot reach, left by killed runs, or kept long enough.

        ``thoroughly`` also what no bookkeeping knows, and what has no description any more.
        """
        numbers = self.all() if thoroughly else self.known()
        found = self.pointer()
        # No claim: a run that sleeps must not flip to what is removed here.
        kept = msgspec.structs.replace(found.value, claim=0, claimant="")
        if not keep_previous:
            kept = msgspec.structs.replace(kept, previous=None)
        if thoroughly:
            kept = self._readable(kept)
        in_use = {number for number in (kept.version, kept.previous) if isinstance(number, int)}
        members = self._members()
        if not in_use <= members:
            numbers = self.all()  # the set was lost, and with it what else it knew
        doomed = numbers - in_use
        if (doomed or kept.version != found.value.version) and self.replace_pointer(found, kept):
            self._remove_all(doomed)
        if missing := in_use - members:
            cluster.put_member(self._client, self._names.generations(self.view), *missing)

    def _readable(self, pointer: layout.Pointer) -> layout.Pointer:
        """Without generations that have lost their description."""
        version, previous = (
            number if self.find(number) else None for number in (pointer.version, pointer.previous)
        )
        if version is None and previous is None:
            return layout.Pointer()
        return msgspec.structs.replace(pointer, version=version, previous=previous)

    def remove(self, number: int | str) -> None:
        # The description first: who finds none knows that rows may be missing.
        self._client.unlink(self._names.description(self.view, number))
        for page in cluster.scan(self._client, self._names.row_prefix(self.view, number)):
            cluster.unlink(self._client, page)
        if isinstance(number, int):
            cluster.drop_member(self._client, self._names.generations(self.view), number)

    def remove_view(self) -> None:
        """Take the view (or service) out of service and remove all that belongs to it.

        The run counter stays: a number is never used twice. BusyError if a run published meanwhile.
        """
        found = self.pointer()
        versions = stored(self._client, self._names, self.view).get(self.view, set())
        if not self.replace_pointer(found, layout.Pointer()):
            raise self._taken_over()
        for version in sorted(versions):
            self.remove(int(version) if _NUMBER.fullmatch(version) else version)
        self._client.unlink(self._names.generations(self.view))
        cluster.drop_member(self._client, self._names.members, self.view)

    def _members(self) -> set[int]:
        return numbers_in(cluster.members(self._client, self._names.generations(self.view)))

    def _remove_all(self, numbers: set[Any]) -> None:
        for number in sorted(number for number in numbers if isinstance(number, int) and number):
            self.remove(number)

    def _taken_over(self) -> BusyError:
        return BusyError(f"another run took over {self.view!r} meanwhile; this one changed nothing")

    def _replace(self, key: str, before: bytes, after: bytes) -> bool:
        replace = self._client.register_script(_REPLACE)
        return bool(replace(keys=[key], args=[before, after]))


def numbers_in(texts: set[str]) -> set[int]:
    """Those of the texts that are numbers of generations."""
    return {int(text) for text in texts if _NUMBER.fullmatch(text)}
