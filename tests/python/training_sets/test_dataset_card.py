"""A card tells one table from every other, and is the same on both engines."""

import hashlib
import json
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from feature_warehouse.declarations.registry import read_registry
from harness.engines import quote
from training_sets.lab import Lab
from training_sets.project import CARDS
from training_sets.rows import LAG, Row, rate
from training_sets.tables import TYPED, balance, status, typed, visits

EPOCH = datetime(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)
RATES = ["1.0000", "1.0000", None]
"""Of the three instants in `typed`, for a rate is known the day after."""


def test_the_fingerprint_is_what_the_documentation_says(lab: Lab) -> None:
    texts = []
    for number, row in enumerate(typed()):
        rate = RATES[number % 3] if row["id"] else None
        cells = [_text(row[name], kind) for name, kind in TYPED.items()]
        texts.append("|".join([*cells, rate or "-"]))
    assert _card(lab, "typed")["content_fingerprint"] == _fingerprint(texts)


def _text(value: Any, kind: str) -> str:
    """A value, given as text, as the fingerprint counts it."""
    if value is None:
        return "-"
    return TEXTS.get(kind, str.lower)(str(value))


def _days(text: str) -> str:
    return text if text == "infinity" else str((date.fromisoformat(text) - EPOCH.date()).days)


def _microseconds(text: str) -> str:
    if text == "infinity":
        return text
    return str((datetime.fromisoformat(text.removesuffix("+00")) - EPOCH) // MICROSECOND)


def _bits(float_code: str, integer_code: str) -> Callable[[str], str]:
    def text(value: str) -> str:
        if value == "nan":
            return "NaN"
        (integer,) = struct.unpack(integer_code, struct.pack(float_code, float(value)))
        return str(integer)

    return text


TEXTS: dict[str, Callable[[str], str]] = {
    "text": lambda text: f"{len(text)}:{text}",
    "decimal(20,6)": lambda text: f"{float(text):.6f}" if len(text) < 10 else text,
    "double precision": _bits("<d", "<q"),
    "real": _bits("<f", "<i"),
    "date": _days,
    "timestamp": _microseconds,
    "timestamptz": _microseconds,
    TYPED["raw"]: lambda text: text,
}


def _fingerprint(rows: list[str]) -> str:
    digests = [hashlib.md5(row.encode(), usedforsecurity=False).hexdigest() for row in rows]
    sums = [sum(int(digest[part], 16) for digest in digests) for part in (_FIRST, _SECOND)]
    text = f"{len(rows)} {sums[0]} {sums[1]}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


_FIRST, _SECOND = slice(0, 15), slice(15, 30)


def test_a_wide_table_has_the_same_fingerprint_everywhere(lab: Lab) -> None:
    numbers = ", ".join(f"w{n}" for n in range(150))
    rows = lab.ask(
        'select visit_id, customer_id, friend_id, "Group", "at", outcome, known at time zone'
        f" 'UTC', side, row_digest, cast(extra as text), {numbers} from wide_set"
    )
    texts = ["|".join(map(_plain, row)) for row in rows]
    assert _card(lab, "wide")["content_fingerprint"] == _fingerprint(texts)
    assert len(rows) == len(visits())


def _plain(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return str((value - EPOCH) // MICROSECOND)
    return f"{len(value)}:{value}" if isinstance(value, str) else str(value).lower()


def test_neither_order_nor_time_zone_count(lab: Lab) -> None:
    before = _card(lab, "typed")
    with lab.changed(
        "create temporary table turned as select * from typed_set order by id desc",
        "delete from typed_set",
        "insert into typed_set select * from turned",
    ):
        assert _card(lab, "typed") == before
    for zone in ("Asia/Kathmandu", "UTC"):
        with _zone(lab, zone):
            assert _card(lab, "typed") == before


@contextmanager
def _zone(lab: Lab, zone: str) -> Iterator[None]:
    word = "TimeZone =" if lab.engine == "duckdb" else "time zone"
    lab.ask(f"set {word} '{zone}'")
    try:
        yield
    finally:
        lab.ask(f"set {word} 'America/New_York'")


def test_every_changed_cell_changes_the_fingerprint(lab: Lab) -> None:
    found = {_card(lab, "typed")["content_fingerprint"]}
    changes = list(_changes())
    for change in changes:
        with lab.changed(*change):
            found.add(_card(lab, "typed")["content_fingerprint"])
    assert len(found) == len(changes) + 1 > 100


def _changes() -> Iterator[tuple[str, str, str]]:
    """Each cell takes the value that the same column has in the next row.

    In a new row, for an update of DuckDB leaves 0.0 where -0.0 is to replace it.
    """
    rows = typed()
    columns = [quote(name) for name in [*TYPED, "rate"]]
    for place, name in enumerate(TYPED):
        for row, other in zip(rows, [*rows[1:], rows[0]], strict=True):
            if row[name] != other[name]:
                here, there = (f"id = {r['id']}" if r["id"] else "id is null" for r in (row, other))
                value = f"(select o.{columns[place]} from typed as o where {there})"
                values = [*columns[:place], f"{value} as {columns[place]}", *columns[place + 1 :]]
                yield (
                    f"create temporary table changed as select {', '.join(values)}"
                    f" from typed_set where {here}",
                    f"delete from typed_set where {here}",
                    "insert into typed_set select * from changed",
                )


@pytest.mark.parametrize(
    "change",
    [
        'update typed_set set words = "more words", "more words" = words where id = 4',
        "insert into typed_set select * from typed_set where id = 4",
        "insert into typed_set select * from typed_set",
        "delete from typed_set where id is null",
        "update typed_set set flag = case id when 4 then true else false end where id in (4, 5)",
        """update typed_set set words = 'x|1:-', "more words" = null where id = 4""",
    ],
)
def test_larger_changes_do_so_too(lab: Lab, change: str) -> None:
    before = _card(lab, "typed")["content_fingerprint"]
    with lab.changed(change):
        assert _card(lab, "typed")["content_fingerprint"] != before


def test_a_separator_in_a_text_is_no_separator(lab: Lab) -> None:
    fingerprints = set()
    for words, more in [("a|1:b", "c"), ("a", "b|1:c"), ("a", "1:b"), ("", "a|1:b"), ("", "")]:
        update = f"update typed_set set words = '{words}', \"more words\" = '{more}'"
        with lab.changed(update):
            fingerprints.add(_card(lab, "typed")["content_fingerprint"])
    assert len(fingerprints) == 5


@pytest.mark.parametrize("name", CARDS)
def test_a_card_is_json_and_counts(lab: Lab, name: str) -> None:
    [row] = lab.records(f"select * from {name}_card")
    card = json.loads(row["card"])
    table = f"{name}_set"
    columns = lab.columns(table)
    assert [column["name"] for column in card["columns"]] == columns
    counts = ", ".join(f"count(*) - count({quote(column)})" for column in columns)
    [(rows, *nulls)] = lab.ask(f"select count(*), {counts} from {table}")
    assert [column["null_count"] for column in card["columns"]] == nulls
    rates = [column["null_rate"] for column in card["columns"]]
    assert rates == [pytest.approx(null / rows, abs=1e-6) if rows else None for null in nulls]
    label = {"typed": "flag", "loose": None}.get(name, "outcome")
    labels = rows - nulls[columns.index(label)] if label else None
    assert (card["row_count"], card["label"], card["label_count"]) == (rows, label, labels)
    shared = set(row) - {"card"}
    assert {column: card[column] for column in shared} == {column: row[column] for column in shared}


@pytest.mark.parametrize("name", CARDS)
def test_the_service_has_the_fingerprint_that_it_is_served_with(lab: Lab, name: str) -> None:
    registry = read_registry(lab.target / "manifest.json", lab.project)
    card = _card(lab, name)
    assert card["service"] == f"{name}_set"
    assert card["service_fingerprint"] == registry.services[f"{name}_set"].fingerprint


def test_an_empty_training_set_has_a_card(lab: Lab) -> None:
    card = _card(lab, "empty")
    assert (card["row_count"], card["label_count"]) == (0, 0)
    assert card["content_fingerprint"] == _fingerprint([])
    assert card["views"] == [{"view": "rate", "newest_available_at": None}]


def test_the_newest_row_that_a_label_could_see(lab: Lab) -> None:
    last = max(visit["at"] for visit in visits() if visit["at"] and visit["visit_id"] != 7)
    day = timedelta(days=1)
    rates = [datetime.combine(row["day"], datetime.min.time()) + day for row in rate()]
    instants = {
        "status": _newest(last, status(), "valid_from", "loaded_at", LAG),
        "balance": _newest(last, balance(), "as_from", "booked_at", timedelta()),
        "rate": max(instant for instant in rates if instant <= last),
    }
    views = {view["view"]: view["newest_available_at"] for view in _card(lab, "main")["views"]}
    expected = {view: f"{at:%Y-%m-%dT%H:%M:%S.%fZ}" for view, at in instants.items()}
    assert {view: views[view] for view in expected} == expected
    assert list(views) == ["status", "balance", "rate", "odd"]


def _newest(last: datetime, rows: list[Row], event: str, created: str, lag: timedelta) -> datetime:
    known: list[datetime] = [
        max(row[event] + lag, row[created] or row[event])
        for row in rows
        if row[event] and row["customer_id"]
    ]
    return max(instant for instant in known if instant <= last)


def test_rows_that_no_label_can_see_change_nothing(lab: Lab) -> None:
    before = _card(lab, "main")
    later = "insert into status select customer_id, timestamp '2024-03-01' from status limit 1"
    late = (
        "insert into balance (customer_id, as_from, booked_at)"
        " values (1, timestamptz '2024-01-02 00:00+00', timestamp '2024-03-01')"
    )
    later = later.replace("status select", "status (customer_id, valid_from) select")
    with lab.changed(later, late, "insert into rate values (date '2024-06-01', 1)"):
        assert _card(lab, "main") == before
    with lab.changed("insert into rate values (date '2024-01-29', 1)"):
        after = _card(lab, "main")
    assert after["views"][2] == {
        "view": "rate",
        "newest_available_at": "2024-01-30T00:00:00.000000Z",
    }
    assert {**after, "views": before["views"]} == before


def _card(lab: Lab, name: str) -> dict[str, Any]:
    """The card of the table as it is now."""
    [row] = lab.records(lab.compiled(f"{name}_card"))
    card: dict[str, Any] = json.loads(row["card"])
    return card
