"""Label sets with timestamps of every type, with and without a contract."""

from dataclasses import replace

from point_in_time.declarations import Column, Labels, Length
from point_in_time.views import DAY, MINUTE, TS, K

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

INTERNAL_NAMES = (
    *("available_at", "choice", "created_at", "event_at", "expires_at", "found_key_1", "is_label"),
    *("is_newest", "label_at", "label_key_1", "newest_at", "number", "asked", "sampled", "known"),
    *("clock", "clock_1", "clocks", "in_service_at", "label_clock", "runs", "view"),
)
"""What the SQL of joins calls columns of its own, tables and windows."""

crowded_labels = Labels(
    name="crowded_labels",
    columns=(
        Column("label_number", "bigint"),
        Column("instant", "timestamp"),
        *(Column(name, "integer") for name in INTERNAL_NAMES),
    ),
    timestamp="instant",
)
free_crowded_labels = replace(crowded_labels, name="free_crowded_labels", contract=False)

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
