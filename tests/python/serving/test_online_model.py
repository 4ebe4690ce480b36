"""Whatever happens to a view: after each run Redis equals the answer of rule 1 for every key.

Hypothesis drives one view through loads, corrections, deletes, rebuilds, runs of all kinds, kills,
clock steps and changes of the declaration. The rule is a loop over the rows in plain Python.
"""

import random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from feature_warehouse.dev.servers import Valkey
from local_postgres import Postgres
from serving.model_based import KEYS, KINDS, RARE, STEPS, VALUES, Change, Online, OnlineFromPostgres


@pytest.fixture
def machine(valkey_server: Valkey) -> type[Online]:
    Online.server = valkey_server
    return Online


@pytest.fixture
def machine_on_postgres(machine: type[Online], postgres: Postgres) -> type[Online]:
    OnlineFromPostgres.server, OnlineFromPostgres.postgres = machine.server, postgres
    return OnlineFromPostgres


def _play(machine: type[Online], games: int, steps: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=games,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def _play_at_random(machine: type[Online], seed: int, steps: int) -> None:
    """A game as Hypothesis would play it, with more in it: its own draws tend to the simple."""
    dice = random.Random(seed)
    game = machine()
    try:
        game.begin(created=dice.random() < 0.6, simulated=dice.random() < 0.7)
        for _ in range(steps):
            _move(game, dice)
            game.readers_are_told_the_truth()
    finally:
        game.teardown()


def _move(game: Online, dice: random.Random) -> None:
    pause, other = (dice.choice(STEPS) for _ in range(2))
    some = [_change(dice) for _ in range(dice.choice([1, 2, 5]))]
    match dice.choices(range(6), weights=[8, 4, 2, 1, 2, 2])[0]:
        case 0:
            game.build_and_materialize(some, pause, other)
        case 1:
            game.materialize_often(some, pause)
        case 2:
            game.source_changes(some, pause, other)
        case 3:
            game.source_changes_and_is_not_built(some)
        case 4:
            game.materialize_and_be_killed(dice.random() < 0.3)
        case 5:
            game.something_rare(dice.choice(RARE), dice.choice([None, 10, 60]))


def _change(dice: random.Random) -> Change:
    lengths = (dice.randint(-40, 40), dice.randint(-40, 40))
    return Change(dice.choice(KINDS), dice.choice(KEYS), lengths, dice.choice(VALUES))


def test_redis_equals_rule_1_whatever_happens(machine: type[Online]) -> None:
    _play(machine, games=6, steps=25)


@pytest.mark.parametrize("seed", range(5))
def test_redis_equals_rule_1_in_random_games(machine: type[Online], seed: int) -> None:
    _play_at_random(machine, seed, steps=40)


def test_redis_equals_rule_1_in_a_random_game_on_postgres(
    machine_on_postgres: type[Online],
) -> None:
    _play_at_random(machine_on_postgres, 0, steps=40)


@pytest.mark.long
def test_redis_equals_rule_1_whatever_happens_for_long(machine: type[Online]) -> None:
    _play(machine, games=200, steps=50)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 200))
def test_redis_equals_rule_1_in_long_games(machine: type[Online], seed: int) -> None:
    _play_at_random(machine, seed, steps=100)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 130))
def test_redis_equals_rule_1_in_long_games_on_postgres(
    machine_on_postgres: type[Online], seed: int
) -> None:
    _play_at_random(machine_on_postgres, seed, steps=100)
