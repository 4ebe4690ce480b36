"""Training sets of views that are tables, most of which PostgreSQL asks by an index."""

from point_in_time.declarations import Part, TrainingSet, simple
from point_in_time.label_sets import (
    crowded_labels,
    daily_labels,
    free_crowded_labels,
    free_labels,
    free_zoned_labels,
    leg_labels,
    mature_labels,
    naive_labels,
    named_labels,
    pair_labels,
    zoned_labels,
)
from point_in_time.options import AFTER_CHANGE, BY_TIME, CHANGE, ELSEWHERE
from point_in_time.views import (
    corrected,
    indexed,
    indexed_corrected,
    indexed_keyed,
    indexed_lagged,
    indexed_late,
    indexed_named,
    indexed_pairs,
    indexed_world,
    indexed_wrongly,
    indexed_zoned,
    labels,
    plain,
    signed,
    stored_named,
    stored_signed,
    stored_tested,
)

KEY = {"k": "label_number"}
CROWDED = (
    Part(view=corrected, keys=KEY, event_timestamp=True),
    Part(view=indexed_late, keys=KEY, prefix="late_", age=True),
    Part(view=stored_tested, keys=KEY, prefix="stored_"),
    Part(view=labels, keys=KEY, prefix="its_", age=True),
)

SETS_OF_INDEXES = (
    TrainingSet(name="of_crowded_labels", labels=crowded_labels, parts=CROWDED),
    TrainingSet(
        name="of_free_crowded_labels",
        labels=free_crowded_labels,
        parts=CROWDED,
        as_of=CHANGE,
    ),
    simple("of_signs", naive_labels, signed, stored_signed),
    simple("named_only_of_signs", free_labels, signed, stored_signed, typed=False),
    simple("of_index", naive_labels, indexed),
    simple("of_index_with_lag_and_ttl", naive_labels, indexed_lagged),
    simple("of_index_with_created", naive_labels, indexed_corrected),
    simple("of_index_with_created_and_lag", naive_labels, indexed_late),
    simple("of_index_of_pairs", pair_labels, indexed_pairs, indexed_wrongly),
    simple("of_index_of_world", naive_labels, indexed_world, indexed_zoned),
    simple("of_index_with_defaults", naive_labels, indexed_keyed),
    simple("of_unique_tables", naive_labels, indexed_keyed, stored_tested),
    simple("named_only_of_tables", free_zoned_labels, indexed_late, stored_tested, typed=False),
    TrainingSet(
        name="of_tables_with_clashing_names",
        labels=naive_labels,
        parts=(
            Part(view=labels),
            Part(view=stored_named, prefix="Its own ", event_timestamp=True, age=True),
        ),
    ),
    TrainingSet(
        name="zoned_of_index",
        labels=zoned_labels,
        parts=(
            Part(view=indexed_late, event_timestamp=True, age=True),
            Part(view=indexed_lagged, prefix="lagged_", age=True),
            Part(view=indexed_keyed, prefix="keyed_", event_timestamp=True),
        ),
    ),
    simple("daily_of_index", daily_labels, indexed_late, indexed),
    simple("free_zoned_of_index", free_zoned_labels, indexed_lagged, indexed_corrected),
    TrainingSet(
        name="Of-Odd_Index",
        labels=named_labels,
        parts=(Part(view=indexed_named, keys={"Select": "From"}, event_timestamp=True),),
    ),
    TrainingSet(
        name="of_some_indexes",
        labels=naive_labels,
        parts=(
            Part(view=plain),
            Part(view=indexed_late, prefix="late_", age=True),
            Part(view=corrected, prefix="corrected_"),
            Part(view=indexed, prefix="indexed_"),
        ),
    ),
    TrainingSet(
        name="of_one_index_twice",
        labels=leg_labels,
        parts=(
            Part(view=indexed_corrected, keys={"k": "origin"}, features=("b", "a")),
            Part(view=indexed_corrected, keys={"k": "dest"}, prefix="2 Dest "),
        ),
        where=(ELSEWHERE,),
        split=BY_TIME,
    ),
    TrainingSet(
        name="of_index_as_of",
        labels=mature_labels,
        parts=(
            Part(view=indexed_late, age=True),
            Part(view=indexed_lagged, prefix="lagged_"),
            Part(view=indexed, prefix="indexed_"),
        ),
        as_of=AFTER_CHANGE,
    ),
    TrainingSet(
        name="of_index_by_event_time",
        labels=naive_labels,
        parts=(
            Part(view=indexed_late, event_timestamp=True),
            Part(view=indexed_corrected, prefix="corrected_"),
        ),
        knowledge="event_time",
        as_of=CHANGE,
    ),
)
