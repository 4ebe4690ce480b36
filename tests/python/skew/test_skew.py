"""What was served, judged: few rows, whose verdicts a person has worked out."""

from datetime import timedelta

from skew.site import Rate, Score, Site, counts, hours

BOTH = ((1, "Rome"), (2, "Oslo"))


def test_what_is_equal_and_missing(site: Site, redis_url: str) -> None:
    site.load(Score(1, hours(0), hours(0), 0.5), Rate("Rome", hours(0), "1.50"))
    site.publish(hours(2))
    site.read(redis_url, hours(2), *BOTH)
    found = site.skewed()
    for name in ("score", "grade", "scores_event_timestamp", "scores_age_seconds", "city_rate"):
        assert counts(found[name]) == {"equal": 1, "missing": 1}, name
    for name in ("ratio", "is_large"):
        assert counts(found[name]) == {"equal": 2}


def test_what_is_stale_and_late(site: Site, redis_url: str) -> None:
    site.load(Score(1, hours(0), hours(0), 0.5), Score(2, hours(0), hours(0), 0.25, "b", 4))
    site.load(Rate("Rome", hours(0), "1.50"))
    site.publish(hours(2))
    # Of 1 something happened after the run; of 2 the warehouse learned too late what had happened.
    site.load(
        Score(1, hours(2.5), hours(2.75), 0.75, "c", 1), Score(2, hours(1), hours(2.5), 1.0, "b")
    )
    # The row of the rate is late, and the rate what it was.
    site.load(Rate("Rome", hours(0.5), "1.50"))
    site.read(redis_url, hours(3), *BOTH)
    found = site.skewed()
    assert counts(found["score"]) == {"stale": 1, "late": 1}
    assert counts(found["city_rate"]) == {"equal": 1, "missing": 1}
    assert counts(found["is_large"]) == {"equal": 1, "stale": 1}
    assert counts(found["grade"]) == {"equal": 1, "stale": 1}
    assert counts(found["ratio"]) == {"stale": 1, "late": 1}
    assert counts(found["scores_age_seconds"]) == {"stale": 1, "late": 1}
    one, other = found["score"].examples
    assert {(each.verdict, each.age, each.known_for) for each in (one, other)} == {
        ("stale", 3600.0, 900.0), ("late", 3600.0, 1800.0),
    }  # fmt: skip
    assert found["score"].fresher == {"1 minute": 2, "15 minutes": 2, "1 hour": 0, "1 day": 0}
    assert found["score"].oldest == timedelta(hours=1).total_seconds()
