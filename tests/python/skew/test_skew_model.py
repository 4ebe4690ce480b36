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
    check(game)


def check(game: Game) -> None:
    found = game.site.skewed()
    wanted = game.wanted()
    served = [value for _, value in wanted]
    logged = [row[0] for row in game.site.ask(SCORE_OF_LOG)]
    assert list(map(repr, logged)) == list(map(repr, served))
    assert counts(found["score"]) == Counter(verdict for verdict, _ in wanted)
    assert {name: one.causes for name, one in found.items() if one.wrong} == {}
    assert len({verdict for verdict, _ in wanted}) > 2


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 112))
def test_longer_games(site: Site, redis_url: str, seed: int) -> None:
    game = Game(site, redis_url, random.Random(seed))
    game.play(100)
    check(game)
