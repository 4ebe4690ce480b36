"""Which run readers had at an instant, as a loop over runs."""

from point_in_time.declarations import PUBLICATION_LOG, Row, TrainingSet, Value, View

NEVER = -(10**18)
"""Before all instants that there are: when nothing was known."""


def clock_of(
    training_set: TrainingSet, view: View, at: int | None, tables: dict[str, list[Row]]
) -> int | None:
    """The clock of the run that readers of a view had at an instant."""
    if training_set.knowledge != "served" or at is None:
        return at
    last: tuple[int, int, int] | None = None
    clock: int | None = None
    for run in tables[PUBLICATION_LOG] if training_set.logged else ():
        if run["view"] != view.name:
            continue
        in_service = in_service_at(run)
        order = (in_service, number(run["finished_at"]), number(run["run"]))
        if in_service <= at and (last is None or order > last):
            last, clock = order, number(run["clock"])
    if last is None and training_set.schedule:
        every, delay = training_set.schedule
        ready = at - (delay.microseconds if delay else 0)
        return ready // every.microseconds * every.microseconds
    return NEVER if clock is None else clock


def in_service_at(run: Row) -> int:
    """From when readers had what a run has published; a simulated clock is the time of readers."""
    clock, finished = number(run["clock"]), number(run["finished_at"])
    return clock if run["is_simulated"] else max(clock, finished)


def number(value: Value) -> int:
    assert isinstance(value, int)
    return value
