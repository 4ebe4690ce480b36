"""Feature views, label sets and training sets of every shape that takes its own path in the SQL."""

from pit.declarations import (
    Column,
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

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

MARCH_10 = 1_362_873_600_000_000
"""2013-03-10 in UTC, seven hours before the clocks of New York change."""

K = Column("k", "bigint")
TS = Column("ts", "timestamp")
LOADED = Column("loaded_at", "timestamp")
A = Column("a", "integer")
B = Column("b", "text")

plain = View(name="plain", keys=(K,), event=TS, features=(A, B))
lagged = View(
    name="lagged",
    keys=(K,),
    event=TS,
    features=(A,),
    lag=Length("90 minutes", 90 * MINUTE),
    ttl=Length("3 hours", 3 * HOUR),
)
instantaneous = View(
    name="instantaneous",
    keys=(K,),
    event=TS,
    features=(A, B),
    ttl=Length("500 milliseconds", 500_000),
)
corrected = View(
    name="corrected",
    keys=(K,),
    event=TS,
    created=LOADED,
    features=(A, B),
    ttl=Length("1 day", DAY),
)
late = View(
    name="late",
    keys=(K,),
    event=TS,
    created=LOADED,
    features=(A,),
    lag=Length("1 hour", HOUR),
    ttl=Length("1 hour 1 microsecond", HOUR + 1),
)
pairs = View(
    name="pairs",
    keys=(Column("one", "text"), Column("two", "text")),
    event=TS,
    created=LOADED,
    features=(A,),
)
pairs_plain = View(
    name="pairs_plain",
    keys=(Column("one", "text"), Column("two", "text")),
    event=TS,
    features=(B,),
    lag=Length("1 second", 1_000_000),
)
world = View(
    name="world",
    keys=(),
    event=TS,
    created=LOADED,
    features=(A,),
    lag=Length("1 minute", MINUTE),
    ttl=Length("2 minutes", 2 * MINUTE),
)
world_plain = View(name="world_plain", keys=(), event=TS, features=(B, A))
ranked = View(
    name="ranked",
    keys=(K,),
    event=TS,
    created=LOADED,
    features=(A,),
    extra=(Column("serial", "integer"),),
    tie_breaker="serial",
)
ranked_plain = View(name="ranked_plain", keys=(K,), event=TS, features=(A, B), tie_breaker="b")
tested = View(
    name="tested", keys=(K,), event=TS, created=LOADED, features=(A,), unique="unique_feature_rows"
)
tested_plain = View(
    name="tested_plain", keys=(K,), event=TS, features=(A,), unique="unique_feature_rows"
)
tested_with_a = View(
    name="tested_with_a", keys=(K,), event=TS, features=(A, B), tested=("k", "ts", "a")
)
keyed = View(
    name="keyed",
    keys=(K,),
    event=TS,
    features=(A,),
    unique="primary_key",
    ttl=Length("1 week", 7 * DAY),
)
zoned = View(
    name="zoned",
    keys=(K,),
    event=Column("ts", "timestamptz"),
    features=(A,),
    ttl=Length("1 day", DAY),
)
zoned_late = View(
    name="zoned_late",
    keys=(K,),
    event=TS,
    created=Column("loaded_at", "timestamp with time zone"),
    features=(A, Column("seen_at", "timestamptz")),
    lag=Length("1 day", DAY),
)
daily = View(
    name="daily",
    keys=(K,),
    event=Column("day", "date"),
    features=(A,),
    lag=Length("1 day", DAY),
    ttl=Length("3 days", 3 * DAY),
)
daily_late = View(
    name="daily_late",
    keys=(K,),
    event=Column("day", "date"),
    created=Column("loaded_on", "date"),
    features=(A, Column("valid_until", "date")),
)
typed = View(
    name="typed",
    keys=(K,),
    event=TS,
    features=(
        Column("truth", "boolean"),
        Column("ratio", "double precision"),
        Column("price", "numeric(6,2)"),
        Column("word", "text"),
        Column("tiny", "smallint"),
        Column("since", "timestamp"),
        Column("until", "timestamptz"),
        Column("day", "date"),
        Column("id", "uuid"),
    ),
    ttl=Length("1 hour", HOUR),
    defaults={
        "truth": False,
        "ratio": 0.5,
        "price": 0,
        "word": 'it\'s "none"',
        "tiny": -1,
        "since": 0,
        "until": 0,
        "day": 0,
        "id": "00000000-0000-0000-0000-000000000000",
    },
)
counted = View(
    name="counted", keys=(K,), event=TS, created=LOADED, features=(A, B), defaults={"a": 0}
)
named = View(
    name="named",
    keys=(Column("Select", "text"),),
    event=Column("available_at", "timestamp"),
    created=Column("Position", "timestamp"),
    features=(
        Column("order", "integer"),
        Column("Mixed Case", "integer"),
        Column("it's", "text"),
        Column("Expires_At", "integer"),
        Column("is_newest", "integer"),
        Column("newest_position", "integer"),
        Column("named", "integer"),
    ),
    extra=(Column("choice", "integer"),),
    lag=Length("1 hour", HOUR),
    ttl=Length("2 hours", 2 * HOUR),
)
labels = View(
    name="labels",
    keys=(K,),
    event=Column("instant", "timestamp"),
    created=Column("position", "timestamp"),
    features=(
        Column("Available_At", "integer"),
        Column("expires_at", "integer"),
        Column("labels", "integer"),
    ),
    extra=(Column("is_newest", "integer"), Column("expires_at_2", "integer")),
    lag=Length("1 hour", HOUR),
    ttl=Length("2 hours", 2 * HOUR),
)
labels_answers = View(
    name="labels_answers",
    keys=(K,),
    event=TS,
    features=(Column("available_at", "integer"), Column("position", "integer")),
    ttl=Length("2 hours", 2 * HOUR),
)
order = View(name="order", keys=(K,), event=TS, features=(A,), ttl=Length("1 hour", HOUR))
order_timeline = View(name="order_timeline", keys=(K,), event=TS, created=LOADED, features=(A,))
long_name = View(name="v" * 62, keys=(K,), event=TS, created=LOADED, features=(A,))

nano = View(
    name="nano",
    keys=(K,),
    event=Column("ts", "timestamp_ns"),
    created=Column("loaded_at", "timestamp_ns"),
    features=(A, Column("seen_at", "timestamp_ns")),
    ttl=Length("1 second", 1_000_000),
)
suffixed = View(
    name="suffixed",
    keys=(K,),
    event=TS,
    features=(Column("y", "integer"), Column("a_x", "integer"), Column("a_y", "integer")),
)

# Tables with an index by which PostgreSQL can look an answer up.
indexed = View(
    name="indexed",
    keys=(K,),
    event=TS,
    features=(A, B),
    table=True,
    indexes=(("a",), ("k", "ts")),
)
indexed_lagged = View(
    name="indexed_lagged",
    keys=(K,),
    event=TS,
    features=(A,),
    lag=Length("90 minutes", 90 * MINUTE),
    ttl=Length("3 hours", 3 * HOUR),
    table=True,
    indexes=(("k", "ts", "a"),),
)
indexed_corrected = View(
    name="indexed_corrected",
    keys=(K,),
    event=TS,
    created=LOADED,
    features=(A, B),
    table=True,
    indexes=(("k", "ts"),),
)
indexed_late = View(
    name="indexed_late",
    keys=(K,),
    event=TS,
    created=Column("loaded_at", "timestamptz"),
    features=(A,),
    extra=(Column("serial", "integer"),),
    lag=Length("1 hour", HOUR),
    ttl=Length("1 hour 1 microsecond", HOUR + 1),
    tie_breaker="serial",
    table=True,
    indexes=(("k", "ts", "loaded_at"),),
)
indexed_pairs = View(
    name="indexed_pairs",
    keys=(Column("one", "text"), Column("two", "text")),
    event=TS,
    created=LOADED,
    features=(A,),
    table=True,
    indexes=(("two", "one", "ts"),),
)
indexed_world = View(
    name="indexed_world",
    keys=(),
    event=TS,
    created=LOADED,
    features=(A,),
    lag=Length("1 minute", MINUTE),
    ttl=Length("2 minutes", 2 * MINUTE),
    table=True,
    indexes=(("ts",),),
)
indexed_keyed = View(
    name="indexed_keyed",
    keys=(K,),
    event=TS,
    features=(A, B),
    ttl=Length("1 hour", HOUR),
    unique="primary_key",
    table=True,
    defaults={"a": -1, "b": "it's none"},
)
indexed_named = View(
    name="indexed_named",
    keys=(Column("Select", "text"),),
    event=Column("event_at", "timestamp"),
    created=Column("Is_Newest", "timestamp"),
    features=(
        Column("order", "integer"),
        Column("is_newest_2", "integer"),
        Column("event_at_2", "integer"),
        Column("indexed_named", "integer"),
    ),
    lag=Length("1 hour", HOUR),
    table=True,
    indexes=(("Select", "event_at"),),
)
indexed_wrongly = View(
    name="indexed_wrongly",
    keys=(Column("one", "text"), Column("two", "text")),
    event=TS,
    features=(A,),
    table=True,
    indexes=(("one", "two"), ("ts", "one", "two"), ("one", "ts")),
)
indexed_zoned = View(
    name="indexed_zoned",
    keys=(K,),
    event=Column("ts", "timestamptz"),
    features=(A,),
    table=True,
    indexes=(("k", "ts"),),
)

VIEWS = tuple(value for value in list(vars().values()) if isinstance(value, View))

Y = Column("y", "boolean")
naive_labels = Labels(
    name="naive_labels",
    columns=(Column("k", "bigint"), TS, Y, Column("note", "text")),
    timestamp="ts",
)
zoned_labels = Labels(
    name="zoned_labels", columns=(Column("at", "timestamptz"), K, Y), timestamp="at"
)
daily_labels = Labels(name="daily_labels", columns=(K, Column("at", "date"), Y), timestamp="at")
free_labels = Labels(name="free_labels", columns=(K, TS, Y), timestamp="ts", contract=False)
free_zoned_labels = Labels(
    name="free_zoned_labels",
    columns=(K, Column("ts", "timestamptz")),
    timestamp="ts",
    contract=False,
)
free_daily_labels = Labels(
    name="free_daily_labels", columns=(K, Column("ts", "date")), timestamp="ts", contract=False
)
pair_labels = Labels(
    name="pair_labels",
    columns=(Column("one", "text"), Column("two", "text"), TS),
    timestamp="ts",
)
leg_labels = Labels(
    name="leg_labels",
    columns=(Column("origin", "integer"), Column("dest", "bigint"), TS, Y),
    timestamp="ts",
)
named_labels = Labels(
    name="Named-Labels",
    columns=(
        Column("From", "text"),
        Column("Time Stamp", "timestamptz"),
        Column("labels", "integer"),
        Column("available_at", "timestamp"),
        Column("select", "text"),
    ),
    timestamp="Time Stamp",
)

nano_labels = Labels(name="nano_labels", columns=(K, Column("ts", "timestamp_ns")), timestamp="ts")
known_labels = Labels(
    name="known_labels",
    columns=(K, TS, Y, Column("Known At", "timestamptz")),
    timestamp="ts",
    known_at="Known At",
)
free_known_labels = Labels(
    name="free_known_labels",
    columns=(K, Column("ts", "timestamptz"), Column("known_on", "date")),
    timestamp="ts",
    contract=False,
    known_at="known_on",
)
mature_labels = Labels(
    name="mature_labels",
    columns=(K, TS, Y),
    timestamp="ts",
    maturity=Length("90 minutes", 90 * MINUTE),
)
mature_daily_labels = Labels(
    name="mature_daily_labels",
    columns=(K, Column("at", "date")),
    timestamp="at",
    maturity=Length("2 days", 2 * DAY),
)
hashed_labels = Labels(
    name="hashed_labels",
    columns=(
        K,
        Column("at", "timestamptz"),
        Column("Word", "text"),
        Column("truth", "boolean"),
        Column("ratio", "double precision"),
        Column("short", "real"),
        Column("price", "numeric(6,2)"),
        Column("since", "timestamp"),
        Column("day", "date"),
        Column("id", "uuid"),
    ),
    timestamp="at",
)

LABELS = tuple(value for value in list(vars().values()) if isinstance(value, Labels))


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

HASH_OF_1 = 0xC4CA4238 / 2**32
"""By its MD5 the text 1 lies here between 0 and 1, exactly at the end of a split."""

BY_KEY = Split(
    by=("k",), fractions={"train": HASH_OF_1, "test": 0.2, "late test": 1 - HASH_OF_1 - 0.2}
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
    fractions={"train": HASH_OF_1, "test": 1 - HASH_OF_1},
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
        parts=(Part(view=plain), Part(view=late, prefix="late_")),
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
        end=AFTER_CHANGE,
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
