"""Faults that are put in are found as what they are, and nothing else is."""

from typing import Any

import pytest

from feature_warehouse.publishing.writer import RowWriter
from skew.site import Rate, Score, Site, counts, hours, key

ASKED = tuple((number, "Rome") for number in range(1, 6))


@pytest.fixture
def served(site: Site, redis_url: str) -> Site:
    """Five entities, published and read."""
    site.load(*(Score(one, hours(0), hours(0), one / 2) for one, _ in ASKED))
    site.load(Rate("Rome", hours(0), "1.50"))
    site.publish(hours(2))
    site.read(redis_url, hours(2), *ASKED)
    return site


def causes(site: Site) -> dict[str, dict[str, int]]:
    return {name: one.causes for name, one in site.skewed().items() if one.wrong}


OF_ROW = ("score", "scores_event_timestamp", "scores_age_seconds", "ratio")


def test_a_row_that_was_evicted(served: Site, redis_url: str) -> None:
    served.client.delete(key(3))
    served.read(redis_url, hours(2), *ASKED)
    assert causes(served) == {name: {"lost": 1} for name in (*OF_ROW, "grade")}


def test_a_row_that_was_written_by_hand(served: Site, redis_url: str) -> None:
    served.rewrite(2, score=99.0)
    served.read(redis_url, hours(2), *ASKED)
    assert causes(served) == {"score": {"changed": 1}}
    one = served.skewed()["score"]
    assert [each.cause for each in one.examples] == ["changed"]


def test_history_that_was_rewritten(served: Site, redis_url: str) -> None:
    served.client.delete(key(3))
    served.read(redis_url, hours(2), (3, "Rome"))
    served.ask("update raw_scores set score = 7 where id = 4")
    assert causes(served)["score"] == {"rewritten": 1, "lost": 1}
    # A row that was added to the past is no less.
    served.load(Score(5, hours(1), hours(1), 2.5, "b"))
    found = causes(served)
    assert found["grade"] == {"rewritten": 1, "lost": 1}
    assert found["score"] == {"rewritten": 1, "lost": 1}


def test_a_row_that_was_deleted(served: Site) -> None:
    served.ask("delete from raw_scores where id = 4")
    found = causes(served)
    assert {tuple(one.items()) for one in found.values()} == {(("rewritten", 1),)}


def test_an_entity_that_a_run_left_out(
    served: Site, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was there before keeps its old row, which may have expired; another has none."""
    served.load(Score(7, hours(-6), hours(2.25), 7.0))
    served.publish(hours(2.5))
    served.load(*(Score(one, hours(3), hours(3), one + 7.0) for one in (1, 6, 7)))
    served.load(Score(2, hours(3), hours(3), 8.5))
    write = RowWriter.write

    def leave_out(self: RowWriter, rows: Any) -> None:
        write(self, rows.at([place for place, one in enumerate(rows.keys) if b"{2}" in one]))

    with monkeypatch.context() as patch:
        patch.setattr(RowWriter, "write", leave_out)
        assert "incremental" in served.publish(hours(4))
    served.read(redis_url, hours(4), *ASKED, (6, "Rome"), (7, "Rome"))
    found = causes(served)
    assert found["score"] == {"not written": 3}


def test_a_read_of_long_ago(site: Site, redis_url: str) -> None:
    """A run leaves out rows whose ttl and grace are over, which reads of then would have got."""
    site.load(Score(1, hours(0), hours(0), 0.5))
    site.publish(hours(40))
    site.read(redis_url, hours(1), (1, "Rome"), (2, "Rome"))
    found = site.skewed()
    assert counts(found["score"]) == {"missing": 1, "not judged": 1}
    assert counts(found["ratio"]) == {"equal": 1, "not judged": 1}
    assert "so long ago" in found["score"].reason


def test_a_row_that_seems_to_have_expired(served: Site, redis_url: str) -> None:
    """A damaged event timestamp, of which the warehouse has no row."""
    served.rewrite(2, event=hours(-10))
    served.read(redis_url, hours(2), *ASKED)
    assert causes(served)["score"] == {"changed": 1}


def test_a_row_of_the_future(served: Site, redis_url: str) -> None:
    """Something else has published what the warehouse learned later."""
    later = Score(2, hours(3), hours(4), 8.5)
    served.load(later)
    served.rewrite(2, event=later.ts, created=later.loaded, score=later.score)
    served.read(redis_url, hours(2.5), *ASKED)
    assert causes(served)["score"] == {"ahead": 1}


def test_what_a_reader_computed_otherwise(served: Site, redis_url: str) -> None:
    """What of a row was not in the vector may have been another, if there was a row."""
    served.read(redis_url, hours(2), (9, "Rome"))
    served.drain()
    served.ask("update requests_risk set scores_age_seconds = 1, is_large = true where id = 3")
    served.ask("update requests_risk set ratio = 7 where id in (4, 9)")
    assert causes(served) == {
        "scores_age_seconds": {"computed otherwise": 1},
        "ratio": {"computed otherwise": 1, "hidden input": 1},
        "is_large": {"hidden input": 1},
    }


def test_a_hidden_input_that_was_rewritten(served: Site) -> None:
    served.ask("update raw_scores set base = 7 where id = 4")
    assert causes(served) == {"ratio": {"rewritten": 1}}


def test_a_hidden_input_that_was_written_by_hand(served: Site, redis_url: str) -> None:
    """Its own value is not in the log, but what it should have given is known."""
    served.rewrite(2, base=7)
    served.rewrite(3, score=99.0)
    served.rewrite(4, score=99.0)
    served.load(Score(3, hours(3), hours(3), 2.5, "b", 4), Rate("Rome", hours(1.5), "0.50"))
    served.read(redis_url, hours(4), *ASKED)
    found = served.skewed()
    assert found["score"].causes == {"changed": 2}
    # Of the rows that were damaged the base is right: of 3 it is stale, of 4 the newest.
    assert counts(found["is_large"]) == {"equal": 5, "stale": 5}
    assert found["ratio"].causes == {"hidden input": 1}
    assert counts(found["ratio"]) == {"equal": 8, "stale": 1, "wrong": 1}


def test_a_view_that_does_not_tell(site: Site, redis_url: str) -> None:
    """Without a created timestamp a row that came late looks like one that was not written."""
    site.load(Rate("Rome", hours(0), "1.50"), Score(1, hours(0), hours(0), 0.5))
    site.publish(hours(2))
    site.read(redis_url, hours(2), (1, "Rome"), amount=4.0)
    site.load(Rate("Rome", hours(0.5), "2.50"))
    assert counts(site.skewed()["city_rate"]) == {"late": 1}
    # So does one that ties with the row that was served.
    site.ask("delete from raw_rates where rate = 2.5")
    site.load(Rate("Rome", hours(0), "2.50"))
    found = site.skewed()
    assert counts(found["city_rate"]) == {"late": 1}
    assert counts(found["is_large"]) == {"late": 1}
    site.ask("update raw_rates set rate = 3")
    assert site.skewed()["city_rate"].causes == {"changed or rewritten": 1}


def test_a_log_of_runs_that_is_missing(served: Site) -> None:
    served.load(Score(2, hours(1), hours(3), 8.5))
    served.drain()
    served.ask("delete from feature_warehouse_publications where view = 'scores'")
    served.ask("update raw_scores set score = 7 where id = 4")
    found = served.skewed()
    assert counts(found["score"]) == {"equal": 4, "not judged": 1}
    assert "is in the publication log" in found["score"].reason
    assert counts(found["ratio"]) == {"equal": 5}
