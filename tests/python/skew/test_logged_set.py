"""Labels beside what was served for their requests: a model learns from what its readers got."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from feature_warehouse.training_sets import TrainingSets
from harness.engines import literal
from skew.project import FINGERPRINT, LEARNED
from skew.site import Rate, Score, Site, hours

OUTCOMES = (
    ("one", 1, hours(2), hours(3), 1),
    ("one", 1, hours(2), hours(3), 1),
    ("one", 2, hours(2), hours(9), 0),
    ("two", 1, hours(5), hours(6), None),
    ("never asked", 1, hours(2), hours(3), 1),
    (None, 1, hours(2), hours(3), 1),
    ("again", 1, hours(3), hours(3), 0),
    ("of another", 1, hours(3), hours(3), 0),
)


@pytest.fixture
def learned(site: Site, redis_url: str, tmp_path: Path) -> list[dict[str, Any]]:
    """Requests with outcomes, whose models are built; what was served for the outcomes."""
    site.load(Score(1, hours(0), hours(0), 0.5), Score(2, hours(0), hours(0), -0.0, None, 4))
    site.load(Rate("Rome", hours(0), "1.50"))
    site.publish(hours(2))
    read = {
        "one": site.read(redis_url, hours(2), (1, "Rome"), (2, "Rome"), request_id="one"),
        # Of a request that was made twice the caller has the last answer.
        "again": site.read(redis_url, hours(3), (1, "Rome"), request_id="again")
        and site.read(redis_url, hours(3), (1, "Rome"), amount=6, request_id="again"),
    }
    site.load(Score(1, hours(4), hours(4), 0.75, "b"))
    site.publish(hours(5))
    read["two"] = site.read(redis_url, hours(5), (1, "Rome"), (3, "Rome"), request_id="two")
    site.read(redis_url, hours(3), (1, "Rome"), request_id="of another")
    site.drain()
    site.ask("update requests_risk set fingerprint = 'x' where request_id = 'of another'")
    # All were served about 3 o'clock, but for those that asked about it two hours later.
    first = "(select min(requested_at) from requests_risk)"
    at = f"cast({literal(hours(3))} as timestamp) + (requested_at - {first})"
    site.ask(f"update requests_risk set requested_at = {at}")
    later = "requested_at + interval '2 hours' where request_id = 'again'"
    site.ask(f"update requests_risk set requested_at = {later}")
    with site.open() as session:
        session.insert("raw_outcomes", [list(map(literal, row)) for row in OUTCOMES])
    site.tell()
    # The manifest has what is compiled, and others need all of it.
    env = {"DBT_TARGET_PATH": str(tmp_path / "target")}
    site.dbt("--quiet", "build", "--select", *LEARNED, env=env)
    wanted = []
    for decision, number, decided, known, outcome in OUTCOMES:
        if decision in read:
            entity = read[decision][number - 1]
            label = {"decision": decision, "id": number, "decided_at": decided, "known": known}
            wanted.append({**label, "outcome": outcome, **entity})
    return wanted


def rows(site: Site, table: str) -> Counter[str]:
    with site.open() as session:
        return Counter(map(repr, session.records(f"select * from {table}")))


def test_labels_beside_what_was_served(
    site: Site, learned: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert len(learned) == 5
    assert rows(site, "learned") == Counter(map(repr, learned))
    with site.open() as session:
        types = dict(session.columns("select * from learned"))
        trained = dict(session.columns("select * from asking"))
    assert {name: types[name] for name in learned[0] if name in trained} == {
        name: trained[name] for name in learned[0] if name in trained
    }
    then = [
        one
        for one in learned
        if one["outcome"] is not None
        and max(one["decided_at"], one["known"]) <= hours(4)
        and one["decision"] != "again"
    ]
    with site.open() as session:
        found = session.records("select * from learned_then")
    assert {one.pop("train_test_split") for one in found} <= {"a", "b"}
    assert Counter(map(repr, found)) == Counter(map(repr, then))
    assert len(found) == 2
    # A card, and a file that can be checked against it.
    with site.open() as session:
        [card] = session.records("select * from learned_card")
    assert (card["row_count"], card["label_count"], card["service"]) == (5, 4, "risk")
    assert card["service_fingerprint"] == FINGERPRINT
    assert set(json.loads(card["card"])["options"]) >= {"as_of", "split", "where"}
    sets = TrainingSets(site.dbt_project)
    assert sets.export("learned", tmp_path / "learned.parquet")["row_count"] == 5
    assert sets.check(tmp_path / "learned.card.json") == []
    site.ask("update requests_risk set score = 9 where request_id = 'two'")
    assert sets.check(tmp_path / "learned.card.json") != []


@pytest.mark.usefixtures("learned")
def test_a_request_column_named_like_one_of_the_logs_own(site: Site) -> None:
    """Labels are found by the id of the request, whatever the request gave by that name."""
    with site.open() as session:
        found = session.records("select decision, told from told")
    assert Counter(map(repr, found)) == Counter(
        map(repr, [{"decision": "two", "told": "said by the caller"}])
    )
