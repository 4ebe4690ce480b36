"""The proofs notice plausible mistakes in the SQL, without dbt in between."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from growth.proofs import Fields, prove_drop, prove_split, prove_stamps
from growth.views import DAILY, KEPT, ODD, PRICES, RATES, READINGS
from harness.engines import ENGINES

CASES = range(60)
KEPT_BY_NAME = {view.name: view for view in KEPT}


class Mutation(NamedTuple):
    """``old`` in the SQL of a view becomes ``new``."""

    name: str
    old: str
    new: str
    engines: tuple[str, ...] = ENGINES


GROWTH = [
    Mutation("readings", ">= (select", "> (select"),
    Mutation("readings", "or loaded_at is null", ""),
    Mutation("readings", "\nexcept\n", "\nunion all\n"),
    Mutation("readings", "\nexcept\n", "\nexcept all\n"),
    Mutation("readings", "loaded_at <= cast(", "true or loaded_at <= cast("),
    Mutation("readings", "max(loaded_at)", "max(measured_at)"),
    Mutation("readings", "timestamp '-infinity'", "timestamp '2013-01-01'"),
    Mutation("readings", "select distinct", "select"),
    Mutation("odd", " - interval '2 hours'", ""),
    Mutation("odd", " - interval '2 hours'", " - interval '1 hour'"),
    Mutation("loaded_daily", " - interval '24 hours'", ""),
]
STAMPS = [
    Mutation("prices", "order by noticed_at desc", "order by noticed_at"),
    Mutation("prices", "where age_2 = 1", ""),
    Mutation("prices", "group by 1, 2, 3, 4, 5", "group by 1, 2, 3, 4, 5, is_given"),
    Mutation(
        "prices",
        'bool_or(is_given <> is_stored) over (partition by item, "Shop", valid_at)',
        "is_given <> is_stored",
    ),
    Mutation("prices", 'partition by item, "Shop", valid_at', 'partition by item, "Shop"'),
    Mutation("prices", "bool_or(not is_given)", "bool_and(not is_given)"),
    Mutation("prices", "\n    is_given\n    and", "\n   "),
    Mutation("prices", "\n    and has_changed", ""),
    Mutation("prices", "select distinct", "select"),
    Mutation("rates", "partition by ts", "partition by day"),
]
DROPS = [
    Mutation("kept_corrected", "loaded_at) >", "loaded_at) >="),
    Mutation(
        "kept_corrected", "when ts + interval '24 hours' <", "when ts + interval '24 hours' <="
    ),
    Mutation("kept_corrected", "when ts + interval '24 hours' <", "when 1 < 0 and ts <"),
    Mutation("kept_corrected", "greatest(ts, loaded_at) >", "ts >"),
    Mutation("kept_corrected", "loaded_at desc nulls last,", ""),
    Mutation("kept_corrected", "when k is null then true", ""),
    Mutation("kept_corrected", "when ts is null then true", ""),
    Mutation("kept_corrected", "desc nulls last", "desc nulls first"),
    Mutation("kept_corrected", ") > 1", ") > 2"),
    Mutation("kept_plain", "then false", "then true"),
    Mutation("kept_plain", "partition by k,", "partition by a,"),
    Mutation("kept_lagged", "ts + interval '90 minutes' >", "ts >"),
    Mutation("kept_late", "ts + interval '1 hour', loaded_at", "ts, loaded_at"),
    Mutation("kept_ranked", "serial desc", "serial asc"),
    Mutation("kept_pairs", "partition by one, two", "partition by one"),
    Mutation("kept_zoned_late", "at time zone 'UTC'", "at time zone 'Asia/Tokyo'"),
]


def _id(mutation: Mutation) -> str:
    return f"{mutation.name}: {mutation.old.strip()} -> {mutation.new.strip()}"


@pytest.mark.parametrize("mutation", GROWTH, ids=_id)
def test_a_mistake_in_a_growing_view_is_noticed(fields: Fields, mutation: Mutation) -> None:
    growing = {growing.view.name: growing for growing in (READINGS, ODD, DAILY)}[mutation.name]
    mutated = fields._replace(
        first=_mutated(fields.first, mutation), later=_mutated(fields.later, mutation)
    )
    assert _is_noticed(lambda number: prove_split(mutated, growing, number))


@pytest.mark.parametrize("mutation", STAMPS, ids=_id)
def test_a_mistake_in_a_stamped_view_is_noticed(fields: Fields, mutation: Mutation) -> None:
    view = {view.name: view for view in (PRICES, RATES)}[mutation.name]
    mutated = fields._replace(
        first=_mutated(fields.first, mutation), later=_mutated(fields.later, mutation)
    )
    assert _is_noticed(lambda number: prove_stamps(mutated, view, number))


@pytest.mark.parametrize("mutation", DROPS, ids=_id)
def test_a_mistake_in_dropping_history_is_noticed(fields: Fields, mutation: Mutation) -> None:
    view = KEPT_BY_NAME[mutation.name]
    own = {key: sql for key, sql in fields.drops.items() if key[0] == mutation.name}
    assert all(mutation.old in sql for sql in own.values())
    mutated = fields._replace(
        drops={key: sql.replace(mutation.old, mutation.new) for key, sql in own.items()}
    )
    assert _is_noticed(lambda number: prove_drop(mutated, view, number))


def _mutated(compiled: dict[str, str], mutation: Mutation) -> dict[str, str]:
    return {
        name: sql.replace(mutation.old, mutation.new) if name == mutation.name else sql
        for name, sql in compiled.items()
    }


def _is_noticed(proof: Callable[[int], None]) -> bool:
    for number in CASES:
        try:
            proof(number)
        except AssertionError:
            return True
    return False
