"""Values as text: one form at the command line, the server and the client, else a line."""

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from feature_warehouse.cli.options import instant
from feature_warehouse.codec.keys import key_text
from feature_warehouse.codec.texts import read_typed
from feature_warehouse.errors import EntityError, UsageError
from feature_warehouse.server.json_values import key_readers

ID = "3b241101-e2bb-4255-8caf-4136c566a962"
NOON = datetime(2026, 1, 31, 12)

READ: list[tuple[str, str, Any]] = [
    ("int", "7", 7),
    ("int", "-007", -7),
    ("string", "JFK", "JFK"),
    ("string", " {x} ", " {x} "),
    ("bool", "True", True),
    ("float", "-1.5e3", -1500.0),
    ("float32", "7", 7.0),
    ("float", "-Infinity", -math.inf),
    ("decimal(10,2)", "12.50", Decimal("12.50")),
    ("date", "2013-12-31", date(2013, 12, 31)),
    ("timestamp", "2026-01-31 12:00", NOON),
    ("timestamp", "2026-01-31T14:00:00+02:00", NOON),
    ("timestamp", "2026-01-31", NOON.replace(hour=0)),
    ("timestamptz", "2026-01-31T12:00:00", NOON.replace(tzinfo=UTC)),
    ("timestamptz", "2026-01-31T14:00:00.000+0200", NOON.replace(tzinfo=UTC)),
    ("uuid", ID.upper(), UUID(ID)),
]


@pytest.mark.parametrize(("kind", "text", "expected"), READ)
def test_what_a_person_may_type(kind: str, text: str, expected: Any) -> None:
    found = read_typed("k", text, kind)
    assert (found, type(found)) == (expected, type(expected))


REFUSED: dict[str, tuple[str, ...]] = {
    "int": ("x", "", " 7", "7\n", "1_0", "+7", "1.0", "\u0663", "1" * 401),
    "bool": ("yes", "1", ""),
    "float": ("1_0", "inf", "nan", ".5", " 1", "1e999", "0x1p3"),
    "decimal(10,2)": ("1_0", "NaN", "sNaN", "1e999999999", "1e" + "9" * 30, "\u0663"),
    "date": ("20260131", "2026-W05-6", "2026-02-30", "2026-01-31T12:00:00"),
    "timestamp": ("now", "20260131T120000Z", "2026-01-31T12", "0001-01-01T00:00:00+14:00"),
    "timestamptz": ("2026-01-31T12:00:00.0000001Z", "2026-W05-6T12:00:00"),
    "uuid": (f"{{{ID}}}", f"urn:uuid:{ID}", ID.replace("-", ""), ID + "\n", "7", f" {ID}"),
}
WRONG = [(kind, text) for kind, texts in REFUSED.items() for text in texts]


@pytest.mark.parametrize(("kind", "text"), WRONG)
def test_what_is_refused_in_one_line_that_shows_a_form(kind: str, text: str) -> None:
    with pytest.raises(EntityError, match=r"^entity key 'k' takes .*, which .* is not$"):
        read_typed("entity key 'k'", text, kind)


@pytest.mark.parametrize("text", REFUSED["uuid"])
def test_client_and_server_take_the_same_uuids_as_the_command_line(text: str) -> None:
    with pytest.raises(EntityError, match=f"^entity key 'k' takes a UUID .*such as {ID}, not str"):
        key_text("k", text, "uuid")
    [(_, _, read)] = key_readers({"k": "uuid"})
    with pytest.raises(EntityError, match=f'^entity key .k. takes a UUID .*such as "{ID}", not "'):
        read(text)


@pytest.mark.parametrize("text", REFUSED["timestamp"])
def test_instants_of_options_have_that_form_too(text: str) -> None:
    with pytest.raises(UsageError, match="is not an instant; write it as 2013-12-31T00:00:00Z"):
        instant(text)
