"""Of a system without faults nothing is wrong, and each verdict is that of the law as a loop."""

import random
from collections import Counter

import pytest

from skew.game import Game
from skew.site import SCORE_OF_LOG, Site, counts


@pytest.mark.parametrize("seed", range(2))
def test_verdicts_are_those_of_the_law(site: Site, redis_url: str, seed: int) -> None:
    game = Game(site, redis_url, random.Random(seed))
    game.play(30)
    assert len(check(game)) > 2


def check(game: Game) -> set[str]:
    """The verdicts that there are."""
    found = game.site.skewed()
    logged = [(row[0], row[1]) for row in game.site.ask(SCORE_OF_LOG)]
    wanted = game.wanted(logged)
    served = [value for _, value in wanted]
    assert [repr(score) for score, _ in logged] == list(map(repr, served))
    assert counts(found["score"]) == Counter(verdict for verdict, _ in wanted)
    assert {name: one.causes for name, one in found.items() if one.wrong} == {}
    return {verdict for verdict, _ in wanted}


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 112))
def test_longer_games(site: Site, redis_url: str, seed: int) -> None:
    game = Game(site, redis_url, random.Random(seed))
    game.play(100, kills=True)
    check(game)
    check_with_other_clocks(game)


def check_with_other_clocks(game: Game) -> None:
    """Readers are up to a second apart from publishers: less can be told, and nothing is wrong."""
    before = counts({one.feature: one for one in game.site.skew(tolerance=0).features}["score"])
    for change in ("+ interval '900 milliseconds'", "- interval '1700 milliseconds'"):
        game.site.ask(f"update requests_risk set requested_at = requested_at {change}")
        [found] = [one for one in game.site.skew().features if one.feature == "score"]
        after = counts(found)
        assert found.causes == {}
        assert {name: after.get(name) for name in ("equal", "missing")} == {
            name: before.get(name) for name in ("equal", "missing")
        }
