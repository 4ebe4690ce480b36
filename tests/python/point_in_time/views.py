"""Feature views of every shape that takes its own path in the SQL."""

from dataclasses import replace

from point_in_time.declarations import Column, Length, View

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
broad = View(
    name="broad",
    keys=(K,),
    event=TS,
    features=tuple(Column(f"f{number}", "integer") for number in range(20)),
    defaults={"f0": 7},
    ttl=Length("1 hour", HOUR),
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
signed = View(name="signed", keys=(K,), event=TS, features=(Column("single", "real"), A))
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

# Tables, most with an index by which PostgreSQL can look an answer up.
indexed = replace(plain, name="indexed", table=True, indexes=(("a",), ("k", "ts")))
indexed_lagged = replace(lagged, name="indexed_lagged", table=True, indexes=(("k", "ts", "a"),))
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
indexed_pairs = replace(pairs, name="indexed_pairs", table=True, indexes=(("two", "one", "ts"),))
indexed_world = replace(world, name="indexed_world", table=True, indexes=(("ts",),))
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
stored_named = View(
    name="labels_found",
    keys=(K,),
    event=Column("instant", "timestamp"),
    created=Column("event_at", "timestamp"),
    features=(
        Column("Available_At", "integer"),
        Column("labels_times", "integer"),
        Column("event_at_2", "integer"),
        Column("instant_2", "integer"),
    ),
    lag=Length("1 hour", HOUR),
    ttl=Length("2 hours", 2 * HOUR),
    table=True,
)
stored_signed = replace(signed, name="stored_signed", table=True)
stored_tested = replace(tested, name="stored_tested", table=True)
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
