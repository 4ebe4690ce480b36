"""Training sets of every shape that takes its own path in the SQL."""

from pit.declarations import (
    Condition,
    Labels,
    Length,
    Moment,
    Part,
    Split,
    TrainingSet,
    Value,
    View,
)
from pit.label_sets import (
    daily_labels,
    free_daily_labels,
    free_known_labels,
    free_labels,
    free_zoned_labels,
    hashed_labels,
    known_labels,
    leg_labels,
    mature_daily_labels,
    mature_labels,
    naive_labels,
    named_labels,
    nano_labels,
    pair_labels,
    zoned_labels,
)
from pit.views import (
    DAY,
    HOUR,
    MINUTE,
    broad,
    corrected,
    counted,
    daily,
    daily_late,
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
    instantaneous,
    keyed,
    labels,
    labels_answers,
    lagged,
    late,
    long_name,
    named,
    nano,
    order,
    order_timeline,
    pairs,
    pairs_plain,
    plain,
    ranked,
    ranked_plain,
    suffixed,
    tested,
    tested_plain,
    tested_with_a,
    typed,
    world,
    world_plain,
    zoned,
    zoned_late,
)

MARCH_10 = 1_362_873_600_000_000
"""2013-03-10 in UTC, seven hours before the clocks of New York change."""


def simple(name: str, label_set: Labels, *views: View, typed: bool = True) -> TrainingSet:
    """All features of some views; a second view's columns carry its name."""
    parts = tuple(
        Part(view=view, prefix=f"{view.name}_" if number else "")
        for number, view in enumerate(views)
    )
    return TrainingSet(name=name, labels=label_set, parts=parts, typed=typed)


def _differ(one: Value, other: Value) -> bool:
    return None not in (one, other) and one != other


NOT_OF_NOTE_1 = Condition("note <> '1' -- of text", lambda row: row["note"] not in ("1", None))
KNOWN_Y = Condition("y is not null", lambda row: row["y"] is not None)
Y_OR_KEY_2 = Condition("y or k = 2", lambda row: row["y"] is True or row["k"] == 2)

MARCH = Moment("2013-03-10", MARCH_10)
CHANGE = Moment("2013-03-10T03:00:00-04:00", MARCH_10 + 7 * HOUR)
AFTER_CHANGE = Moment("2013-03-10 08:30:00.000001Z", MARCH_10 + 7 * HOUR + 90 * MINUTE + 1)
MARCH_13 = Moment("2013-03-13T00:00Z", MARCH_10 + 3 * DAY)

HASH_OF_2 = 0xC81E728D / 2**32
"""By its MD5 the text 2 lies here between 0 and 1, and 1 before it: just where a split ends."""

BY_KEY = Split(
    by=("k",),
    fractions={"train": HASH_OF_2, "test": 0.02, "late test": 1 - HASH_OF_2 - 0.02},
)
BY_ALL_TYPES = Split(
    by=("since", "Word", "truth", "ratio", "short", "price", "k", "at", "day", "id"),
    fractions={"train": 0.5, "it's validation": 0.1, "test": 0.4},
    salt="it's salt",
    column="Train Or Test",
)
BY_TIME = Split(
    starts={"validation": CHANGE, "test": MARCH_13},
    embargo=Length("90 minutes 1 microsecond", 90 * MINUTE + 1),
)
BY_DAY = Split(starts={"test": MARCH_13}, embargo=Length("1 day", DAY), column="split")
BY_KEY_AND_TIME = Split(
    by=("k",),
    fractions={"train": HASH_OF_2, "test": 1 - HASH_OF_2},
    starts={"test": CHANGE},
    embargo=Length("1 hour", HOUR),
)

TRAINING_SETS = (
    simple("of_plain", naive_labels, plain),
    simple("of_lag_and_ttl", naive_labels, lagged),
    simple("of_short_ttl", naive_labels, instantaneous),
    simple("of_created", naive_labels, corrected),
    simple("of_created_and_lag", naive_labels, late),
    simple("of_pairs", pair_labels, pairs, pairs_plain),
    TrainingSet(
        name="of_swapped_pairs",
        labels=pair_labels,
        parts=(
            Part(view=pairs, keys={"one": "two", "two": "one"}),
            Part(view=pairs_plain, keys={"two": "one"}),
        ),
    ),
    simple("of_world", naive_labels, world, world_plain),
    simple("of_declared_ties", naive_labels, ranked, ranked_plain),
    simple("of_unique_rows", naive_labels, tested, tested_plain, keyed),
    simple("of_rows_unique_with_a", naive_labels, tested_with_a),
    simple("zoned_of_zoned", zoned_labels, zoned, zoned_late),
    simple("naive_of_zoned", naive_labels, zoned_late, zoned),
    simple("zoned_of_naive", zoned_labels, corrected, daily),
    simple("daily_of_daily", daily_labels, daily, daily_late),
    simple("naive_of_daily", naive_labels, daily_late, daily),
    simple("free_of_plain", free_labels, plain, late),
    simple("free_zoned_of_zoned", free_zoned_labels, zoned_late, corrected),
    simple("free_daily_of_daily", free_daily_labels, daily, zoned),
    simple("of_types_with_defaults", zoned_labels, typed),
    simple("of_created_with_defaults", naive_labels, counted),
    TrainingSet(
        name="Of-Odd_Names",
        labels=named_labels,
        parts=(Part(view=named, keys={"Select": "From"}),),
    ),
    TrainingSet(
        name="of_clashing_names",
        labels=naive_labels,
        parts=(Part(view=labels), Part(view=labels_answers, prefix="Its own ")),
    ),
    TrainingSet(
        name="of_one_view_twice",
        labels=leg_labels,
        parts=(
            Part(view=corrected, keys={"k": "origin"}, features=("b", "a")),
            Part(view=corrected, keys={"k": "dest"}, prefix="2 Dest "),
        ),
    ),
    TrainingSet(
        name="of_many_columns",
        labels=leg_labels,
        parts=(
            Part(view=broad, keys={"k": "origin"}, prefix="origin_", age=True),
            Part(view=broad, keys={"k": "dest"}, prefix="dest_"),
            Part(view=counted, keys={"k": "dest"}, event_timestamp=True),
        ),
        start=MARCH,
    ),
    TrainingSet(
        name="of_three_views",
        labels=naive_labels,
        parts=(
            Part(view=order, prefix="order_"),
            Part(view=order_timeline),
            Part(view=long_name, prefix="long_"),
        ),
    ),
    simple("named_only", free_labels, late, ranked, typed=False),
    simple("named_only_zoned", free_zoned_labels, zoned_late, daily, typed=False),
    simple("nano_of_nano", nano_labels, nano, corrected),
    simple("naive_of_nano", naive_labels, nano),
    TrainingSet(
        name="of_renamed_features",
        labels=naive_labels,
        parts=(
            Part(view=suffixed, rename={"a_y": "a_y", "y": "Their Y"}, prefix="unused_"),
            Part(view=plain, rename={"b": "a", "a": "b"}),
            Part(view=plain, prefix="y_"),
        ),
    ),
    TrainingSet(
        name="of_ages",
        labels=zoned_labels,
        parts=(
            Part(view=lagged, event_timestamp=True, age=True),
            Part(view=zoned, prefix="zoned ", event_timestamp=True, age=True),
            Part(view=late, rename={"a": "late"}, event_timestamp="When", age="Age"),
            Part(view=world_plain, features=("a",), prefix="world_", age=True),
            Part(view=daily, prefix="daily_", event_timestamp=True),
        ),
    ),
    TrainingSet(
        name="between_start_and_end",
        labels=naive_labels,
        parts=(
            Part(view=plain),
            Part(view=late, prefix="late_"),
            Part(view=lagged, prefix="lagged_"),
            Part(view=instantaneous, prefix="short_"),
        ),
        start=MARCH,
        end=AFTER_CHANGE,
    ),
    TrainingSet(
        name="where_one", labels=naive_labels, parts=(Part(view=plain),), where=(NOT_OF_NOTE_1,)
    ),
    TrainingSet(
        name="where_some",
        labels=naive_labels,
        parts=(Part(view=labels), Part(view=labels_answers, prefix="Its own ", age=True)),
        where=(Y_OR_KEY_2, NOT_OF_NOTE_1),
        as_of=CHANGE,
    ),
    TrainingSet(
        name="as_of_the_change",
        labels=naive_labels,
        parts=(Part(view=corrected, age=True), Part(view=lagged, prefix="lagged_")),
        as_of=CHANGE,
    ),
    TrainingSet(
        name="zoned_as_of",
        labels=zoned_labels,
        parts=(
            Part(view=zoned_late),
            Part(view=daily_late, prefix="daily_"),
            Part(view=world, prefix="world_"),
        ),
        as_of=AFTER_CHANGE,
    ),
    TrainingSet(
        name="by_event_time",
        labels=naive_labels,
        parts=(
            Part(view=late, event_timestamp=True),
            Part(view=corrected, prefix="corrected_", age=True),
            Part(view=ranked, prefix="ranked_"),
            Part(view=tested, prefix="tested_"),
        ),
        knowledge="event_time",
    ),
    TrainingSet(
        name="by_event_time_as_of",
        labels=naive_labels,
        parts=(
            Part(view=late, event_timestamp=True),
            Part(view=corrected, prefix="corrected_"),
            Part(view=world, prefix="world_"),
        ),
        knowledge="event_time",
        as_of=CHANGE,
    ),
    TrainingSet(
        name="by_event_time_between",
        labels=zoned_labels,
        parts=(
            Part(view=late, age=True),
            Part(view=corrected, prefix="corrected_"),
            Part(view=indexed_late, prefix="indexed_"),
        ),
        knowledge="event_time",
        start=CHANGE,
        end=AFTER_CHANGE,
    ),
    TrainingSet(
        name="of_known_labels",
        labels=known_labels,
        parts=(Part(view=corrected),),
        as_of=CHANGE,
    ),
    simple("of_known_labels_without_as_of", known_labels, plain),
    TrainingSet(
        name="of_free_known_labels",
        labels=free_known_labels,
        parts=(Part(view=late, age=True), Part(view=zoned, prefix="zoned_")),
        start=MARCH,
        as_of=MARCH_13,
        split=BY_KEY,
    ),
    TrainingSet(
        name="of_mature_labels", labels=mature_labels, parts=(Part(view=plain),), as_of=CHANGE
    ),
    simple("of_labels_mature_by_now", mature_labels, corrected),
    TrainingSet(
        name="daily_as_of",
        labels=mature_daily_labels,
        parts=(Part(view=daily, age=True), Part(view=daily_late, prefix="late_")),
        start=MARCH,
        end=Moment("2013-03-14", MARCH_10 + 4 * DAY),
        as_of=Moment("2013-03-15", MARCH_10 + 5 * DAY),
        split=BY_DAY,
    ),
    TrainingSet(
        name="free_daily_between",
        labels=free_daily_labels,
        parts=(Part(view=zoned, age=True),),
        start=MARCH,
        end=MARCH_13,
    ),
    TrainingSet(name="split_by_key", labels=naive_labels, parts=(Part(view=plain),), split=BY_KEY),
    TrainingSet(
        name="split_by_all_types",
        labels=hashed_labels,
        parts=(Part(view=zoned),),
        split=BY_ALL_TYPES,
    ),
    TrainingSet(
        name="split_by_time", labels=zoned_labels, parts=(Part(view=lagged),), split=BY_TIME
    ),
    TrainingSet(
        name="split_by_both",
        labels=free_labels,
        parts=(Part(view=instantaneous),),
        split=BY_KEY_AND_TIME,
    ),
    TrainingSet(
        name="of_everything",
        labels=known_labels,
        parts=(
            Part(view=late, rename={"a": "late_a"}, event_timestamp=True, age=True),
            Part(view=counted, prefix="counted_", age="Counted Age"),
            Part(view=indexed_corrected, prefix="indexed_", event_timestamp=True),
            Part(view=world_plain, features=("a",), prefix="world_"),
            Part(view=indexed_keyed, prefix="keyed_", age=True),
        ),
        where=(KNOWN_Y, Y_OR_KEY_2),
        start=MARCH,
        end=MARCH_13,
        as_of=AFTER_CHANGE,
        split=BY_KEY_AND_TIME,
    ),
    simple("of_index", naive_labels, indexed),
    simple("of_index_with_lag_and_ttl", naive_labels, indexed_lagged),
    simple("of_index_with_created", naive_labels, indexed_corrected),
    simple("of_index_with_created_and_lag", naive_labels, indexed_late),
    simple("of_index_of_pairs", pair_labels, indexed_pairs, indexed_wrongly),
    simple("of_index_of_world", naive_labels, indexed_world, indexed_zoned),
    simple("of_index_with_defaults", naive_labels, indexed_keyed),
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
        where=(Condition("dest <> origin", lambda row: _differ(row["dest"], row["origin"])),),
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
    TrainingSet(
        name="named_only_as_of",
        labels=free_labels,
        parts=(
            Part(view=late, event_timestamp=True, age=True),
            Part(view=indexed_late, prefix="indexed_", age=True),
            Part(view=indexed_corrected, prefix="corrected_"),
        ),
        typed=False,
        as_of=CHANGE,
        knowledge="event_time",
    ),
)
