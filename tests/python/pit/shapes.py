"""Feature views, label sets and training sets of every shape that takes its own path in the SQL."""

from pit.declarations import Column, Labels, Length, Part, TrainingSet, View

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

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

LABELS = tuple(value for value in list(vars().values()) if isinstance(value, Labels))


def simple(name: str, label_set: Labels, *views: View, typed: bool = True) -> TrainingSet:
    """All features of some views; a second view's columns carry its name."""
    parts = tuple(
        Part(view=view, prefix=f"{view.name}_" if number else "")
        for number, view in enumerate(views)
    )
    return TrainingSet(name=name, labels=label_set, parts=parts, typed=typed)


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
)
