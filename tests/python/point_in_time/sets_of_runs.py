"""Training sets whose labels see what readers would have got, by a schedule or by the log."""

from dataclasses import replace

from point_in_time.declarations import Length, Part, Schedule, TrainingSet
from point_in_time.label_sets import (
    crowded_labels,
    daily_labels,
    free_crowded_labels,
    free_zoned_labels,
    leg_labels,
    mature_labels,
    naive_labels,
    pair_labels,
    zoned_labels,
)
from point_in_time.options import AFTER_CHANGE, BY_KEY_AND_TIME, CHANGE, KNOWN_Y, MARCH
from point_in_time.views import (
    DAY,
    HOUR,
    MINUTE,
    broad,
    corrected,
    counted,
    daily,
    indexed,
    indexed_corrected,
    indexed_keyed,
    indexed_lagged,
    indexed_late,
    indexed_pairs,
    indexed_world,
    indexed_zoned,
    instantaneous,
    lagged,
    late,
    pairs,
    plain,
    ranked,
    signed,
    stored_signed,
    stored_tested,
    typed,
    world,
    zoned_late,
)

HOURLY = Schedule(Length("1 hour", HOUR), Length("30 minutes", 30 * MINUTE))
BY_MICROSECONDS = Schedule(Length("3 microseconds", 3))
SEVENTHS = Schedule(Length("7 hours", 7 * HOUR), Length("1 day 1 microsecond", DAY + 1))
"""Of no day a part, and in service when three more runs have begun."""

BY_SCHEDULE = (
    TrainingSet(
        name="hourly",
        labels=naive_labels,
        parts=(
            Part(view=plain),
            Part(view=corrected, prefix="corrected_", event_timestamp=True, age=True),
            Part(view=indexed_corrected, prefix="indexed_", age=True),
            Part(view=instantaneous, prefix="short_"),
        ),
        knowledge="served",
        schedule=HOURLY,
    ),
    TrainingSet(
        name="hourly_of_tables",
        labels=zoned_labels,
        parts=(
            Part(view=stored_signed),
            Part(view=indexed_lagged, prefix="lagged_", age=True),
            Part(view=indexed_zoned, prefix="zoned_", event_timestamp=True),
            Part(view=indexed_world, prefix="world_"),
            Part(view=signed, prefix="signed_"),
        ),
        knowledge="served",
        schedule=HOURLY,
        as_of=CHANGE,
    ),
    TrainingSet(
        name="served_by_microseconds",
        labels=naive_labels,
        parts=(Part(view=late, age=True), Part(view=indexed_corrected, prefix="corrected_")),
        knowledge="served",
        schedule=BY_MICROSECONDS,
    ),
    TrainingSet(
        name="served_late_and_seldom",
        labels=free_zoned_labels,
        parts=(
            Part(view=zoned_late),
            Part(view=daily, prefix="daily_", age=True),
            Part(view=ranked, prefix="ranked_"),
        ),
        knowledge="served",
        schedule=SEVENTHS,
    ),
    TrainingSet(
        name="daily_served_between",
        labels=daily_labels,
        parts=(Part(view=corrected), Part(view=lagged, prefix="lagged_", age=True)),
        knowledge="served",
        schedule=SEVENTHS,
        start=MARCH,
        end=AFTER_CHANGE,
    ),
)

BY_LOG = (
    TrainingSet(
        name="logged_runs",
        labels=naive_labels,
        parts=(
            Part(view=plain),
            Part(view=corrected, prefix="corrected_", event_timestamp=True, age=True),
            Part(view=indexed_corrected, prefix="indexed_", age=True),
            Part(view=counted, prefix="counted_"),
        ),
        knowledge="served",
        logged=True,
    ),
    TrainingSet(
        name="logged_runs_of_one_view_twice",
        labels=leg_labels,
        parts=(
            Part(view=corrected, keys={"k": "origin"}, features=("b", "a")),
            Part(view=corrected, keys={"k": "dest"}, prefix="2 Dest "),
            Part(view=indexed, keys={"k": "origin"}, prefix="stored_"),
        ),
        knowledge="served",
        logged=True,
        start=MARCH,
    ),
    TrainingSet(
        name="logged_runs_of_many_columns",
        labels=leg_labels,
        parts=(
            Part(view=broad, keys={"k": "origin"}, prefix="origin_", age=True),
            Part(view=broad, keys={"k": "dest"}, prefix="dest_"),
            Part(view=indexed_keyed, keys={"k": "origin"}, prefix="stored_"),
        ),
        knowledge="served",
        logged=True,
        schedule=HOURLY,
    ),
    TrainingSet(
        name="logged_runs_of_pairs",
        labels=pair_labels,
        parts=(Part(view=pairs, event_timestamp=True), Part(view=indexed_pairs, prefix="indexed_")),
        knowledge="served",
        logged=True,
    ),
    TrainingSet(
        name="logged_runs_of_crowded_labels",
        labels=crowded_labels,
        parts=(
            Part(view=corrected, keys={"k": "label_number"}, event_timestamp=True),
            Part(view=indexed_late, keys={"k": "label_number"}, prefix="late_", age=True),
            Part(view=stored_tested, keys={"k": "label_number"}, prefix="stored_"),
        ),
        knowledge="served",
        logged=True,
    ),
    TrainingSet(
        name="logged_runs_with_options",
        labels=mature_labels,
        parts=(Part(view=typed), Part(view=world, prefix="world_", age=True)),
        where=(KNOWN_Y,),
        as_of=CHANGE,
        split=BY_KEY_AND_TIME,
        knowledge="served",
        logged=True,
        schedule=SEVENTHS,
    ),
)

SETS_OF_RUNS = (
    *BY_SCHEDULE,
    *BY_LOG,
    replace(BY_LOG[4], name="logged_runs_of_free_labels", labels=free_crowded_labels),
)
