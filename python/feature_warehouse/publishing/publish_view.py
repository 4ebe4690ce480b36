"""One run over one view: what to publish is decided first, then done, then put in service at once.

Killed at any instant, readers have seen rows that are true and nothing else; the next run goes on
from the last watermark and removes what was left behind.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import msgspec

from feature_warehouse.declarations.model import FeatureView
from feature_warehouse.engines import BATCH_ROWS, Warehouse
from feature_warehouse.errors import BusyError, GateError, UsageError
from feature_warehouse.publishing.encoder import RowEncoder
from feature_warehouse.publishing.generations import Generations, Inventory, Stored
from feature_warehouse.publishing.locks import Lock
from feature_warehouse.publishing.run_plan import Clock, Task, describe, plan
from feature_warehouse.publishing.services import Services
from feature_warehouse.publishing.stale_keys import KeySet, stale_keys
from feature_warehouse.publishing.writer import RestartedError, RowWriter
from feature_warehouse.redis_store import cluster, layout
from feature_warehouse.redis_store.connection import ERRORS
from feature_warehouse.redis_store.find import list_name
from feature_warehouse.redis_store.publication_log import PublicationLog
from feature_warehouse.validation.gate import Gate
from feature_warehouse.validation.results import GateResult

__all__ = ["ROLLBACK_GRACE", "Progress", "Publication", "ViewResult"]

ROLLBACK_GRACE: Final = 3_600_000_000
"""How long the generation before the one in service stays, in microseconds."""

_ATTEMPTS: Final = 3

Progress = Callable[[str, int], None]
"""Called with a view and the number of rows just sent."""


class ViewResult(msgspec.Struct):
    """What became of one view. ``status`` is success or error; durations are seconds.

    ``rows_in_warehouse`` are all rows of its history, ``rows_behind`` those since the last
    watermark. ``rows_read`` counts entities whose newest row was looked at; of these
    ``rows_written`` were new to Redis, ``rows_unchanged`` there already, ``rows_skipped_as_older``
    older than what is there. ``watermark`` is in microseconds since 1970 UTC. ``gate`` is what the
    view's expectations came to, if it has any.
    """

    view: str
    status: str = "success"
    message: str = ""
    exit_code: int = 0
    mode: str = ""
    reason: str = ""
    generation: int | None = None
    rows_in_warehouse: int = 0
    rows_behind: int = 0
    rows_read: int = 0
    rows_written: int = 0
    rows_unchanged: int = 0
    rows_skipped_as_older: int = 0
    rows_without_keys: int = 0
    rows_without_event: int = 0
    rows_not_yet_available: int = 0
    entities_expired: int = 0
    bytes_sent: int = 0
    watermark: int | None = None
    dbt_invocation_id: str = ""
    seconds: float = 0.0
    gate: GateResult | None = None


class _RewrittenError(Exception):
    """The generation in service holds what the warehouse no longer says.

    ``for_good`` if it must not be rolled back to: it may be an entity that was forgotten.
    """

    def __init__(self, message: str, *, for_good: bool = False) -> None:
        super().__init__(message)
        self.for_good = for_good


class Publication:
    """One run over one view, under its lock."""

    def __init__(
        self,
        client: Any,
        names: layout.Names,
        view: FeatureView,
        clock: Clock,
        invocation_id: str,
        *,
        services: Services,
        inventory: Inventory,
        gate: Gate,
        full_refresh: bool = False,
        rollback_grace: int = ROLLBACK_GRACE,
    ) -> None:
        self._client, self._names, self._view, self._clock = client, names, view, clock
        self._services, self._inventory, self._gate = services, inventory, gate
        self._invocation_id, self._full_refresh = invocation_id, full_refresh
        self._rollback_grace = rollback_grace
        self._generations = Generations(client, names, view.name, repairs=True)
        self._started = time.perf_counter()
        self._started_at = time.time_ns() // 1000
        self._log = PublicationLog(client, names)

    def _plan(self, warehouse: Warehouse) -> Task:
        """Look, and change nothing. Raises UnservableError for what cannot be served."""
        pointer = self._generations.pointer().value
        if (
            isinstance(pointer.version, str)
            and self._services.meant_by(self._view.name) == self._view.name
        ):
            raise UsageError(
                f"a service {self._view.name!r} is in use; rename the view, or remove the service"
                " with --prune first"
            )
        current = self._generations.find(pointer.version)
        return plan(self._view, self._clock, warehouse, current, full_refresh=self._full_refresh)

    def run(self, lock: Lock, warehouse: Warehouse, result: ViewResult, progress: Progress) -> None:
        """Publish; ``result`` is filled in as it goes. Raises FeatureWarehouseError."""
        for _ in range(_ATTEMPTS - 1):
            with suppress(RestartedError):
                self._run(lock, warehouse, result, progress)
                return
            lock.take()  # the server may have lost it
        self._run(lock, warehouse, result, progress)

    def _run(
        self, lock: Lock, warehouse: Warehouse, result: ViewResult, progress: Progress
    ) -> None:
        # Under the lock: what the warehouse says from now on, also about what was just forgotten.
        warehouse.refresh()
        self._note_killed_run()
        task = self._plan(warehouse)
        if task.current and not self._full_refresh:
            self._refuse_older_clock(task.current.value)
        self._report(task, result)
        work = _Work(lock, warehouse, task, result, progress)
        try:
            self._pass_gate(work)
            if task.current is None or task.mode == "full":
                self._build(work)
            else:
                self._update(work, task.current)
        except _RewrittenError as change:
            was_partial = result.mode == "incremental"
            result.mode, result.reason = "full", str(change)
            if was_partial:
                self._pass_gate(work)
            self._build(work, keep_current=not change.for_good)
        if published := self._generations.find(result.generation):
            self._log.note(published.value)
        # In every mode: the run that flipped may have been killed before it came here.
        list_name(self._client, self._names, self._view.name)
        cluster.put_member(self._client, layout.STORES, self._names.store)
        self._generations.tidy(keep_previous=self._keeps_previous())

    def _note_killed_run(self) -> None:
        """What a run has published that was killed before it noted it."""
        current = self._generations.find(self._generations.pointer().value.version)
        if current is not None:
            self._log.note_missing(current.value)

    def preview(self, warehouse: Warehouse, result: ViewResult) -> None:
        """Say what ``run`` would do. Raises FeatureWarehouseError."""
        self._report(self._plan(warehouse), result)

    def _report(self, task: Task, result: ViewResult) -> None:
        inspection = task.inspection
        result.mode, result.reason, result.watermark = task.mode, task.reason, task.watermark
        result.dbt_invocation_id = self._invocation_id
        result.rows_in_warehouse, result.rows_behind = inspection.rows, inspection.behind
        result.rows_without_keys = inspection.without_keys
        result.rows_without_event = inspection.without_event
        result.rows_not_yet_available = inspection.not_yet_available

    def _refuse_older_clock(self, current: layout.Generation) -> None:
        if current.simulated or self._clock.simulated or current.reached <= self._clock.now:
            return
        raise BusyError(
            f"a later run has published {self._view.name!r} meanwhile; this one changed nothing"
            " (--full-refresh publishes anyway)"
        )

    def _pass_gate(self, work: "_Work") -> None:
        """Before anything is written: the rows that are, in the same snapshot. GateError."""
        if self._view.checks is None:
            return
        current = work.task.current.value if work.task.current else None
        is_partial = current is not None and work.result.mode == "incremental"
        gate = self._gate.check(
            self._view,
            work.warehouse,
            self._clock.now,
            since=current.watermark if current and is_partial else None,
            last_rows=current.rows if current else None,
        )
        work.result.gate = gate
        if gate.failures:
            raise GateError(f"{gate.message}; nothing of it was published")

    def _build(self, work: "_Work", *, keep_current: bool = True) -> None:
        """A new generation beside the one in service, then the flip."""
        generations = self._generations
        known = generations.known() | self._inventory.numbers(self._view.name)
        number = generations.next_number(known)
        try:
            claimed = generations.claim(number, known, keep_previous=self._keeps_previous())
            empty = describe(
                self._view,
                work.task.schema,
                simulated=self._clock.simulated,
                number=number,
            )
            generation = self._send(work, empty, self._encoder(empty, number))
            self._refuse_strange_rows(work.result, generation)
            previous = claimed.value.version if keep_current else None
            if self._previous_is_needed(claimed.value):
                previous = claimed.value.previous
            generations.flip(
                claimed,
                generation,
                previous=previous if generations.find(previous) else None,
                clock=self._clock.now if self._clock.simulated else None,
            )
            if isinstance(claimed.value.version, str):  # the name stood for a version
                key = self._names.description(self._view.name, claimed.value.version)
                self._client.unlink(key)
        except BaseException:
            # Also on Ctrl-C. A kill -9 leaves this to the next run.
            with suppress(*ERRORS):
                generations.abandon(number)
            raise
        work.result.generation = number

    def _refuse_strange_rows(self, result: ViewResult, built: layout.Generation) -> None:
        """Before the flip: each row that we wrote was new. BusyError if one was not.

        Unless a connection failed: rows that were sent twice are there the second time.
        """
        sent = result.rows_written + result.rows_unchanged
        if result.rows_skipped_as_older or built.entities not in (None, sent):
            raise BusyError(
                f"something else wrote rows of generation {built.number} of {built.view!r} while it"
                " was built; nothing was put in service; run again"
            )

    def _update(self, work: "_Work", current: Stored[layout.Generation]) -> None:
        """Rows into the generation in service: each is true as soon as it is there."""
        generations = self._generations
        sent = KeySet() if work.task.mode == "compare" else None
        since = current.value.watermark if sent is None else None
        encoder = self._encoder(current.value, generations.next_number(generations.known()))
        if encoder.refuses_values:
            with work.warehouse.newest_rows(self._view, self._clock.now, since) as reader:
                for batch in reader:
                    encoder.check(batch)
        pointer = generations.pointer()
        # A run that does not come to its end has lost count of the entities.
        begun = msgspec.structs.replace(current.value, reached=self._clock.now, entities=None)
        stored = generations.commit(current, begun)
        try:
            generation = self._send(work, current.value, encoder, since, sent)
        finally:
            # If we slept, and others removed it meanwhile.
            with suppress(*ERRORS):
                generations.adopt(current.value.number)
        if older := work.result.rows_skipped_as_older:
            raise _RewrittenError(f"the newest rows of {older} entities went back in time")
        if sent is not None and generation.entities != len(sent):
            entities = self._remove_stale_keys(generation, sent)
            generation = msgspec.structs.replace(generation, entities=entities)
        generations.commit(stored, generation)
        later = pointer.value
        if self._clock.simulated:
            later = msgspec.structs.replace(later, clock=self._clock.now)
        # Also where nothing changes: another generation may be in service by now.
        if not generations.replace_pointer(pointer, later):
            raise BusyError(f"another run changed {self._view.name!r} meanwhile; try again")
        work.result.generation = current.value.number

    def _encoder(self, generation: layout.Generation, run: int) -> RowEncoder:
        return RowEncoder(self._names, self._view, generation, run=run, clock=self._clock.now)

    def _send(
        self,
        work: "_Work",
        generation: layout.Generation,
        encoder: RowEncoder,
        since: int | None = None,
        sent: KeySet | None = None,
    ) -> layout.Generation:
        """Write the newest rows into a generation; how far it has come then."""
        with (
            RowWriter(self._client, work.lock) as writer,
            work.warehouse.newest_rows(self._view, self._clock.now, since) as reader,
        ):
            for large in reader:
                for start in range(0, large.num_rows, BATCH_ROWS):
                    rows = encoder.encode(large.slice(start, BATCH_ROWS))
                    writer.write(rows)
                    if sent is not None:
                        sent.add(rows.keys)
                    work.progress(self._view.name, len(rows.keys))
            writer.finish()
        result, tally = work.result, writer.tally
        result.rows_read, result.entities_expired = encoder.read, encoder.expired
        result.rows_written = tally["new"] + tally["newer"]
        result.rows_unchanged, result.rows_skipped_as_older = tally["same"], tally["older"]
        result.bytes_sent = encoder.bytes
        entities = generation.entities
        if entities is not None:
            entities = None if writer.uncertain else entities + tally["new"]
        return msgspec.structs.replace(
            generation,
            clock=self._clock.now,
            reached=self._clock.now,
            watermark=work.task.watermark,
            inferred=work.task.inferred,
            history=work.task.inspection.history,
            checksum=self._view.checksum,
            entities=entities,
            newest_event=encoder.newest_event,
            rows=result.gate.rows if result.gate else None,
            run=encoder.run,
            mode=work.result.mode,
            started_at=self._started_at,
            published_at=time.time_ns() // 1000,
            seconds=time.perf_counter() - self._started,
            invocation_id=self._invocation_id,
            deprecation_date=self._view.deprecation_date,
        )

    def _remove_stale_keys(self, generation: layout.Generation, sent: KeySet) -> int | None:
        """The number of row keys; refuses to go on with entities the warehouse no longer has."""
        unknown = 0
        for _, in_force in stale_keys(self._client, self._names, generation, sent, self._clock.now):
            if in_force:
                raise _RewrittenError(
                    "entities are no longer in the warehouse", for_good=generation.erasures > 0
                )
            unknown += 1
        return None if unknown else len(sent)

    def _keeps_previous(self) -> bool:
        pointer = self._generations.pointer().value
        due = pointer.published_at + self._rollback_grace <= time.time_ns() // 1000
        return not due or self._previous_is_needed(pointer)

    def _previous_is_needed(self, pointer: layout.Pointer) -> bool:
        """Whether a service in use fits the previous generation only.

        So it is while another of its views fails, or if a run was killed between the flips.
        """
        current = self._generations.find(pointer.version)
        previous = self._generations.find(pointer.previous)
        if current is None or previous is None:
            return False
        return any(
            layout.incompatibility(part, current.value)
            and not layout.incompatibility(part, previous.value)
            for parts in self._services.parts(self._view.name).values()
            for part in parts
        )


class _Work(msgspec.Struct, frozen=True):
    """What the steps of a run share."""

    lock: Lock
    warehouse: Warehouse
    task: Task
    result: ViewResult
    progress: Progress
