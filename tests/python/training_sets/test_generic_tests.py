"""Each generic test passes on right data, and says of wrong data which row is wrong and why."""

from collections import Counter
from typing import Any

import pytest

from harness.engines import quote
from training_sets.lab import Lab
from training_sets.tables import VISITS

WRONG_VALUES = {
    "text": "coalesce({}, '') || '!'",
    "boolean": "not coalesce({}, false)",
    "timestamp": "coalesce({}, timestamp '2024-01-01') + interval '1 microsecond'",
    "json": """cast('{{"a": 1.5}}' as json)""",
    "uuid": "cast('ffffffff-0000-0000-0000-000000000000' as uuid)",
    "number": "coalesce({}, 0) + 1",
}


def test_a_build_passes_on_right_data_and_warns_of_what_is_wrong(lab: Lab) -> None:
    tests = {name: result["status"] for name, result in lab.results().items()}
    wrong = {name: status for name, status in tests.items() if status not in ("success", "pass")}
    stale = {f"{view}_stale": "warn" for view in ("status", "balance", "rate", "odd")}
    tied = {"tied_ties": "warn", "tied_view_ties": "warn"}
    assert wrong == {**stale, **tied, "broken_set_correct": "warn"}


def test_failures_are_stored_for_whoever_looks(lab: Lab) -> None:
    [row] = lab.records(f"select * from {lab.schema}_failures.broken_set_correct")
    right = lab.ask(f"select rate - 1 from broken_set where visit_id = {row['visit_id']}")[0][0]
    assert row["problem"] == f"rate is {right + 1} and should be {right}"


@pytest.mark.parametrize(
    "name", ["main_set", "early_set", "past_set", "loose_set", "split_set", "wide_set"]
)
def test_every_single_wrong_cell_is_found(lab: Lab, name: str) -> None:
    types = _types(lab, name)
    features = [c for c in types if c not in VISITS and c != "train_test_split"]
    rows = [r[0] for r in lab.ask(f"select visit_id from {name} where visit_id > 7 order by 1")]
    wrong = dict(zip(rows, features[:: max(1, len(features) // len(rows) + 1)], strict=False))
    assert len(wrong) > 4
    updates = [
        f"update {name} set {quote(column)} ="
        f" {WRONG_VALUES[types[column]].format(quote(column))} where visit_id = {row}"
        for row, column in wrong.items()
    ]
    with lab.changed(*updates):
        failures = lab.failures(f"{name}_correct")
    problem = _problem(failures)
    assert {f["visit_id"]: f[problem].partition(" is ")[0] for f in failures} == wrong
    assert [f for f in failures if ";" in f[problem].replace("z; b", "")] == []


def test_no_value_and_a_value_are_told_apart(lab: Lab) -> None:
    with lab.changed(
        "update main_set set friend_score = null where friend_id is null",
        "update main_set set rate = null where visit_id = 30",
        "update main_set set choice = 'it''s' where visit_id = 31",
    ):
        failures = lab.failures("main_set_correct")
    problems = Counter(p for f in failures for p in f[_problem(failures)].split("; "))
    (count,) = lab.ask("select count(*) from main_set where friend_id is null")[0]
    assert problems.pop("friend_score is NULL and should be -1") == count
    assert problems
    for problem in problems:
        assert problem.startswith(("rate is NULL and should be 1.00", "choice is it's and should"))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("interval '48 hours'", "interval '480 hours'"),
        (" + interval '2 hours'", ""),
        ("loaded_at at time zone 'UTC'", "loaded_at at time zone 'Asia/Tokyo'"),
    ],
    ids=["expired", "lag", "zone"],
)
def test_a_training_set_by_another_rule_is_found(lab: Lab, right: str, wrong: str) -> None:
    sql = lab.compiled("main_set")
    assert right in sql
    with lab.changed("delete from main_set", f"insert into main_set {sql.replace(right, wrong)}"):
        failures = lab.failures("main_set_correct")
        changed = _without_status(lab)
    assert failures
    named = {p.split(" is ")[0] for f in failures for p in f[_problem(failures)].split("; ")}
    status = {"level", "score", "ratio", "status_event_timestamp", "status_age_seconds"}
    assert named & {*status, "friend_level", "friend_score"}
    assert not named & changed


def test_a_sample_is_always_the_same_and_as_large_as_asked_for(lab: Lab) -> None:
    with lab.changed("update main_set set rate = 0"):
        first = lab.failures("main_set_sample")
        again = lab.failures("main_set_sample")
        assert len(lab.failures("main_set_correct")) == len(lab.ask("select * from main_set"))
    assert len(first) == 20
    assert Counter(map(str, first)) == Counter(map(str, again))


def test_a_where_limits_the_test(lab: Lab) -> None:
    with lab.changed("update main_set set rate = 0"):
        failures = lab.failures("main_set_where")
    (count,) = lab.ask("select count(*) from main_set where visit_id < 30")[0]
    assert len(failures) == count


def test_an_event_after_the_label_is_from_the_future(lab: Lab) -> None:
    event = "update main_set set status_event_timestamp = at - interval '2 hours'".replace(
        "at -", '"at" -'
    )
    with lab.changed(
        f"{event} where visit_id = 20",
        f"{event} + interval '1 microsecond' where visit_id in (21, 22)",
        f"{event} + interval '1 year' where visit_id = 23",
    ):
        failures = lab.failures("main_set_future")
    dated = lab.ask('select visit_id from main_set where "at" is not null')
    expected = {(number,) for number in (21, 22, 23)} & set(dated)
    assert {(f["visit_id"],) for f in failures} == expected
    assert {f["problem_2"] for f in failures} == {"status_event_timestamp is after at"}


def test_named_timestamps_are_compared_as_instants(lab: Lab) -> None:
    with lab.changed("update plain_set set known = timestamptz '2024-01-01 00:00:00-05'"):
        failures = lab.failures("plain_set_future")
        late = lab.ask("select visit_id from plain_set where \"at\" > timestamp '2024-01-01 05:00'")
    assert Counter((f["visit_id"],) for f in failures) == Counter(late)
    assert len(failures) > 50
    assert failures[0]["problem"] == "at is after known"


def test_lost_multiplied_and_changed_rows(lab: Lab) -> None:
    with lab.changed(
        "insert into main_set select * from main_set where visit_id in (20, 1)",
        "delete from main_set where visit_id in (0, 21)",
        "update main_set set \"Group\" = 'other' where visit_id = 22",
        "update main_set set extra = cast('[]' as json) where visit_id = 23",
        "insert into main_set (visit_id) values (7)",
    ):
        failures = lab.failures("main_set_rows")
        keys = lab.failures("main_set_keys")
        where = lab.failures("main_set_rows_where")
    found = Counter((f["visit_id"], f["rows_too_many"], f["problem"]) for f in failures)
    many, lost = "not in visits", "missing from what is in visits"
    changed = Counter([(n, size, text) for n in (22, 23) for size, text in [(1, many), (-1, lost)]])
    assert found == changed + Counter(
        [(20, 1, many), (1, 2, many), (0, -2, lost), (21, -1, lost), (7, 1, many)]
    )
    assert {f["visit_id"] for f in keys} == {20, 1, 0, 21, 22, 7}
    assert where == []


def test_same_rows_hold_within_a_where_too(lab: Lab) -> None:
    with lab.changed("delete from main_set where visit_id in (20, 40)"):
        failures = lab.failures("main_set_rows_where")
    assert [(f["visit_id"], f["rows_too_many"]) for f in failures] == [(40, -1)]


def test_same_rows_as_another_model(lab: Lab) -> None:
    with lab.changed("delete from loose where visit_id = 33"):
        [failure] = lab.failures("plain_set_rows")
    assert (failure["visit_id"], failure["problem"]) == (33, "not in loose")


def test_labels_that_ripened_after_the_build_are_not_missing(lab: Lab) -> None:
    new = 'select visit_id + 100, customer_id, friend_id, "Group", "at" + interval \'90 days\''
    same = ", ".join(quote(name) for name in list(VISITS)[5:])
    with lab.changed(f"insert into visits {new}, {same} from visits where visit_id = 8"):
        assert lab.failures("ripe_set_rows") == []
    with lab.changed("delete from ripe_set where visit_id = 8"):
        [failure] = lab.failures("ripe_set_rows")
    assert failure["rows_too_many"] == -1


def test_bounds(lab: Lab) -> None:
    amounts = {8: "-0.01", 9: "0", 10: "59.59", 11: "59.60", 12: "60", 13: "null"}
    with lab.changed(
        *(f"update main_set set amount = {a} where visit_id = {row}" for row, a in amounts.items())
    ):
        inclusive = {f["visit_id"]: f["problem_2"] for f in lab.failures("amount_inclusive")}
        exclusive = {f["visit_id"]: f["problem_2"] for f in lab.failures("amount_exclusive")}
    assert inclusive == dict.fromkeys([8, 11, 12], "amount is not at least 0 and at most 59.59")
    assert exclusive == {12: "amount is not more than 0 and less than 60"}


def test_nothing_is_above_not_a_number(lab: Lab) -> None:
    nan = "update main_set set ratio = cast('nan' as double precision) where visit_id = 8"
    low = "update main_set set ratio = -1 where visit_id = 9"
    with lab.changed(nan, low):
        assert [f["visit_id"] for f in lab.failures("ratio_at_most")] == [8]
        assert [f["visit_id"] for f in lab.failures("ratio_more_than")] == [9]


def test_bounds_of_instants_and_of_a_quoted_column(lab: Lab) -> None:
    with lab.changed(
        "update main_set set \"at\" = timestamp '2023-12-31 23:59:59.999999' where visit_id = 8",
        'update main_set set "order" = 101 where visit_id = 9',
    ):
        [early] = lab.failures("at_bounds")
        [large] = lab.failures("order_bounds")
    assert (early["visit_id"], early["problem_2"]) == (8, "at is not at least 2024-01-01")
    assert (large["visit_id"], large["problem_2"]) == (9, "order is not at most 100")


@pytest.mark.parametrize(
    ("test", "change", "stale"),
    [
        ("rate_fresh", "update rate set day = date '2024-01-11'", False),
        ("rate_fresh", "update rate set day = date '2024-01-10'", True),
        ("rate_fresh", "update rate set day = date '2024-01-31'", None),
        ("rate_fresh", "delete from rate", None),
        ("rate_fresh", "update rate set day = null", None),
        ("balance_fresh", "update balance set booked_at = timestamp '2024-02-10 00:00:01'", None),
        ("balance_fresh", "update balance set booked_at = null", False),
        ("bare_fresh", "update bare set seen_at = timestamptz '2024-01-20 00:00:00-05'", False),
        ("bare_fresh", "update bare set seen_at = timestamptz '2024-01-20 04:59:59+00'", True),
    ],
)
def test_staleness(lab: Lab, test: str, change: str, stale: bool | None) -> None:
    with lab.changed(change):
        failures = lab.failures(test)
    if stale is False:
        assert failures == []
    else:
        [failure] = failures
        assert failure["newest"] is None if stale is None else failure["newest"] < failure["clock"]
        assert failure["problem"].startswith("the newest" if stale else "there is no row that is")


def _types(lab: Lab, table: str) -> dict[str, str]:
    """Of each column, what has a wrong value of its own."""
    columns = lab.ask(
        "select column_name, lower(data_type) from information_schema.columns"
        f" where table_name = '{table}' and table_schema in ('main', 'lab')"
        " order by ordinal_position"
    )
    return {name: _simple(kind) for name, kind in columns}


def _simple(kind: str) -> str:
    simple = {"varchar": "text", "character varying": "text"}.get(kind, kind).split(" ")[0]
    return simple if simple in WRONG_VALUES else "number"


def _problem(failures: list[dict[str, Any]]) -> str:
    """The name of the last column, for a feature is named `problem` already."""
    return [name for name in failures[0] if name.startswith("problem")][-1]


def _without_status(lab: Lab) -> set[str]:
    return set(lab.columns("odd")) | {"amount", "currency", "rate"}
