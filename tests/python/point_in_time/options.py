"""Conditions, instants and splits that training sets are given."""

from point_in_time.declarations import Condition, Length, Moment, Row, Split
from point_in_time.views import DAY, HOUR, MINUTE

MARCH_10 = 1_362_873_600_000_000
"""2013-03-10 in UTC, seven hours before the clocks of New York change."""


def _leads_elsewhere(row: Row) -> bool:
    return None not in (row["origin"], row["dest"]) and row["origin"] != row["dest"]


NOT_OF_NOTE_1 = Condition("note <> '1' -- of text", lambda row: row["note"] not in ("1", None))
KNOWN_Y = Condition("y is not null", lambda row: row["y"] is not None)
Y_OR_KEY_2 = Condition("y or k = 2", lambda row: row["y"] is True or row["k"] == 2)
ELSEWHERE = Condition("dest <> origin", _leads_elsewhere)

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
