"""A training set with `knowledge='served'` has for each request what was really served for it.

Loads, late rows, runs and rollbacks are played at random, with reads in between. Then the logged
requests are the labels, the publication log says when runs were, and every value has to be the one
that the reader got.
"""

import random
from pathlib import Path
from typing import Any

import pytest

from harness.engines import literal
from skew.game import Game
from skew.project import AS_SERVED
from skew.site import Rate, Site, hours

SERVED = (
    "score", "grade", "scores_event_timestamp", "scores_age_seconds", "city_rate", "ratio",
    "is_large",
)  # fmt: skip


def play(site: Site, redis_url: str, seed: int, steps: int) -> None:
    """Requests are labels afterwards, each by its number."""
    game = Game(site, redis_url, random.Random(seed))
    site.load(Rate("Rome", hours(-9), "1.50"), Rate("Rome", hours(3), "1.75"))
    game.play(steps, plain=True)
    site.drain()
    # The clocks of runs were simulated; here they ended when the game was that far.
    notes = site.ask(
        "select published_at from feature_warehouse_publications where view = 'scores' order by 1"
    )
    site.ask("update feature_warehouse_publications set is_simulated = false, finished_at = clock")
    for [published], at in zip(notes, game.published, strict=True):
        site.ask(
            f"update feature_warehouse_publications set finished_at = {literal(at)}"
            f" where view = 'scores' and published_at = {literal(published)}"
        )
    site.ask(
        "delete from raw_asks; insert into raw_asks (id, city, asked_at, amount, outcome)"
        " select id, city, clock, amount, row_number() over (order by read_id, position)"
        " from requests_risk"
    )


def served(site: Site) -> list[str]:
    return _values(site, "select * from requests_risk order by read_id, position")


def seen(site: Site, training_set: str) -> list[str]:
    return _values(site, f"select * from ({training_set}\n) as labels order by outcome")


def _values(site: Site, query: str) -> list[str]:
    with site.open() as session:
        rows: list[dict[str, Any]] = session.records(query)
    return [repr([row[name] for name in SERVED]) for row in rows]


def test_a_label_sees_what_its_request_got(site: Site, redis_url: str, tmp_path: Path) -> None:
    play(site, redis_url, 3, 40)
    got = served(site)
    assert len(got) > 20
    assert seen(site, f"select * from {AS_SERVED}") == got
    # What the warehouse knew at the time is something else.
    assert seen(site, site.compiled("asking")) != got
    # The unit test, and what recomputes each row by itself.
    env = {"DBT_TARGET_PATH": str(tmp_path / "target")}
    assert "PASS=3" in site.dbt("test", "--select", AS_SERVED, env=env)


@pytest.mark.long
def test_many_games(site: Site, redis_url: str) -> None:
    for seed in range(100, 112):
        play(site, redis_url, seed, 80)
        assert seen(site, f"select * from {AS_SERVED}") == served(site)
        site.client.flushall()
        site.empty(site.client)
