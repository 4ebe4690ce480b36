"""Unit tests as a user writes them: inputs by hand, and what rule 1 gives for them by hand."""

from typing import Any

# Price 5 is known at once; 6 is of the third and known on the ninth only. Two rows of id 2 tie:
# the greater one wins.
PRICES = [
    {"id": 1, "ts": "2024-01-02 00:00:00", "ld": "2024-01-02 00:00:00", "v": 5},
    {"id": 1, "ts": "2024-01-03 00:00:00", "ld": "2024-01-09 00:00:00", "v": 6},
    {"id": 2, "ts": "2024-01-02 00:00:00", "ld": "2024-01-02 00:00:00", "v": 8},
    {"id": 2, "ts": "2024-01-02 00:00:00", "ld": "2024-01-02 00:00:00", "v": 7},
]
STOCKS = [{"id": 1, "ts": "2024-01-01 00:00:00", "n": 50}]
ASKED = [
    {"id": 1, "asked_at": "2024-01-08 23:59:59.999999", "y": 0},
    {"id": 1, "asked_at": "2024-01-09 00:00:00", "y": 1},
    {"id": 2, "asked_at": "2024-01-09 00:00:00", "y": 1},
    {"id": 3, "asked_at": "2024-01-09 00:00:00", "y": 1},
]
RAW = [
    {"id": 1, "ts": "2024-01-02 00:00:00", "ld": "2024-01-03 00:00:00", "v": 5},
    {"id": 1, "ts": "2024-01-04 00:00:00", "ld": "2024-01-04 00:00:00", "v": 6},
]


def unit_tests() -> list[dict[str, Any]]:
    """The last one is wrong, and must fail."""
    prices, stocks, asked = _given("price", PRICES), _given("stock", STOCKS), _given("asked", ASKED)
    raw = _given("raw", RAW)
    learned = [
        {**ASKED[0], "v": 5, "price_event_timestamp": "2024-01-02 00:00:00", "n": 50},
        {**ASKED[1], "v": 6, "price_event_timestamp": "2024-01-03 00:00:00", "n": 50},
        {**ASKED[2], "v": 8, "price_event_timestamp": "2024-01-02 00:00:00", "n": None},
        {**ASKED[3], "v": -1, "price_event_timestamp": None, "n": None},
    ]
    people = _given("people", [{"id": 1}, {"id": 3}])
    newest = [{"id": 1, "v": 6}, {"id": 2, "v": 8}]
    return [
        _test("learned", [prices, stocks, asked], learned),
        _test(
            "by_day", [prices, stocks, asked], [{**ASKED[0], "v": 5, "n": 50}, *_answers(learned)]
        ),
        _test(
            "scored",
            [prices, stocks, people],
            [{"id": 1, "v": 6, "n": 50}, {"id": 3, "v": -1, "n": None}],
        ),
        _test(
            "cost",
            [prices, stocks, asked],
            [
                {"feature": "v", "label_rows": 4, "rows_that_differ": 1},
                {"feature": None, "label_rows": 4, "rows_that_differ": 1},
            ],
        ),
        _test("card", [_given("learned", learned), prices, stocks, asked], [{"row_count": 4}]),
        _test("newest", [prices], newest),
        _test("past", [prices], [{"id": 1, "v": 5}, {"id": 2, "v": 8}]),
        _test(
            "figures",
            [prices, stocks],
            [
                {"feature": "v", "mean": 7, "row_count": 2},
                {"feature": "n", "mean": 50, "row_count": 1},
            ],
        ),
        _test(
            "windows",
            [raw],
            [
                {"changed_at": "2024-01-03 00:00:00", "v_sum_all_time": 5},
                {"changed_at": "2024-01-04 00:00:00", "v_sum_all_time": 11},
            ],
        ),
        _test("grown", [raw, {"input": "this", "rows": RAW[:1]}], RAW[1:], grows=True),
        _test(
            "versions",
            [
                _given(
                    "kept",
                    [
                        {
                            "id": 1,
                            "ld": "2024-01-02 00:00:00",
                            "v": 5,
                            "dbt_valid_from": "2024-01-01 00:00:00",
                            "dbt_valid_to": "2024-01-03 00:00:00",
                        }
                    ],
                )
            ],
            [
                {"id": 1, "ts": "2024-01-01 00:00:00", "v": 5},
                {"id": 1, "ts": "2024-01-03 00:00:00", "v": None},
            ],
        ),
        _test(
            "taught",
            [
                _given("polled", [{"id": 1, "polled_at": "2024-01-08 00:00:00", "y": 1}]),
                _given(
                    "tariff",
                    [
                        {
                            "id": 1,
                            "since": "2024-01-01 00:00:00",
                            "known": "2024-01-09 00:00:00",
                            "grade": "late",
                        },
                    ],
                ),
                _given(
                    "offer",
                    [
                        {
                            "id": 1,
                            "changed_at": "2024-01-01 00:00:00",
                            "seen_at": "2024-01-08 00:00:00",
                            "price": 5,
                        },
                    ],
                ),
            ],
            [{"id": 1, "y": 1, "grade": None, "price": 5}],
        ),
        _test("newest", [prices], [{"id": 1, "v": 5}, {"id": 2, "v": 8}], name="newest_is_wrong"),
    ]


def incomplete_unit_tests() -> dict[str, dict[str, Any]]:
    """Unit tests that give no rows for a model, by its name and that of the tested one."""
    prices, stocks, asked = _given("price", PRICES), _given("stock", STOCKS), _given("asked", ASKED)
    people, grown = _given("people", [{"id": 1}]), {"input": "this", "rows": RAW[:1]}
    given = {
        ("learned", "stock"): [prices, asked],
        ("learned", "asked"): [prices, stocks],
        ("by_day", "price"): [stocks, asked],
        ("scored", "stock"): [prices, people],
        ("scored", "people"): [prices, stocks],
        ("cost", "asked"): [prices, stocks],
        ("card", "learned"): [prices, stocks, asked],
        ("newest", "price"): [],
        ("past", "price"): [],
        ("figures", "stock"): [prices],
        ("windows", "raw"): [],
        ("grown", "raw"): [grown],
        ("versions", "kept"): [],
    }
    return {
        f"'{missing}', which '{model}' reads": _test(
            model, inputs, [], name=f"{model}_without_{missing}", grows=model == "grown"
        )
        for (model, missing), inputs in given.items()
    }


def _answers(learned: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in row.items() if key != "price_event_timestamp"}
        for row in learned[1:]
    ]


def _given(model: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"input": f"ref('{model}')", "rows": rows}


def _test(
    model: str,
    given: list[dict[str, Any]],
    expected: list[dict[str, Any]],
    name: str | None = None,
    grows: bool = False,
) -> dict[str, Any]:
    return {
        "name": name or f"{model}_by_hand",
        "model": model,
        **({"overrides": {"macros": {"is_incremental": True}}} if grows else {}),
        "given": given,
        "expect": {"rows": expected},
    }
