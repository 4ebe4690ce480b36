"""Wrong declarations, each with what dbt has to say to it."""

from typing import Any

import msgspec

ABSENT = object()
VIEW: dict[str, Any] = {
    "join_keys": ["id"],
    "event_timestamp": "valid_from",
    "created_timestamp": "loaded_at",
    "availability_lag": "1 hour",
    "ttl": "1 day",
    "online": True,
}
VIEW_COLUMNS = {
    "id": "bigint",
    "valid_from": "timestamp",
    "loaded_at": "timestamp with time zone",
    "score": "integer",
}
LABELS: dict[str, Any] = {"timestamp": "ordered_at", "label": "returned", "known_at": "closed_on"}
LABEL_COLUMNS = {
    "buyer": "bigint",
    "ordered_at": "timestamp(6)",
    "returned": "boolean",
    "closed_on": "date",
}


class Mistake(msgspec.Struct, frozen=True):
    """What is changed in a right declaration, and the lines that say so: fragments of each."""

    name: str
    says: tuple[tuple[str, ...], ...]
    block: Any = {}
    columns: dict[str, Any] = {}
    meta: dict[str, Any] = {}
    contract: bool = True
    kind: str = "feature_view"


LENGTH = "not a fixed length of time; write whole weeks"
MISTAKES = (
    Mistake(
        "no_mapping", (("meta.feature_view", "mapping with join_keys and event_"),), block=True
    ),
    Mistake("nothing", (("meta.feature_view", "mapping with join_keys and event_"),), block=None),
    Mistake("unknown_key", (("'join_key'", "known are join_keys, event_"),), {"join_key": "id"}),
    Mistake(
        "no_contract", (("no enforced contract", "`contract: {enforced: true}`"),), contract=False
    ),
    Mistake("keys_are_text", (("join_keys must be a list", "[customer_id]"),), {"join_keys": "id"}),
    Mistake("keys_map", (("join_keys must be a list", "[]"),), {"join_keys": {"id": "id"}}),
    Mistake("keys_are_absent", (("join_keys must be a list", "[]"),), {"join_keys": ABSENT}),
    Mistake("keys_are_a_number", (("join_keys must be a list", "[]"),), {"join_keys": 1}),
    Mistake(
        "key_twice",
        (("join_keys names a column twice", "name each once"),),
        {"join_keys": ["id", "id"]},
    ),
    Mistake("key_unknown", (("join_keys names 'ID'", "declared are id, "),), {"join_keys": ["ID"]}),
    Mistake(
        "loose_key",
        (("join key 'id' is of type varchar collate nocase", "cast it to text in its model"),),
        columns={"id": "varchar collate nocase"},
    ),
    Mistake(
        "no_event",
        (("event_timestamp is missing", "name the column"),),
        {"event_timestamp": ABSENT},
    ),
    Mistake(
        "event_unknown",
        (("event_timestamp names 'valid'", "declared are id, valid_from, loaded_at, score"),),
        {"event_timestamp": "valid"},
    ),
    Mistake(
        "event_is_a_list",
        (("event_timestamp names", "not a declared column"),),
        {"event_timestamp": ["valid_from"]},
    ),
    Mistake(
        "created_unknown",
        (("created_timestamp names 'loaded'", "not a declared column"),),
        {"created_timestamp": "loaded"},
    ),
    Mistake(
        "tie_breaker_unknown",
        (("tie_breaker names 'rank'", "not a declared column"),),
        {"tie_breaker": "rank"},
    ),
    Mistake(
        "event_is_no_time",
        (("event_timestamp 'valid_from' is of type bigint", "timestamp, timestamptz or date"),),
        columns={"valid_from": "bigint"},
    ),
    Mistake(
        "created_is_no_time",
        (("created_timestamp 'loaded_at' is of type time", "timestamp, timestamptz or date"),),
        columns={"loaded_at": "time"},
    ),
    Mistake(
        "event_is_a_key",
        (("event_timestamp 'valid_from' is also a join key", "only one of them"),),
        {"join_keys": ["id", "valid_from"]},
    ),
    Mistake(
        "created_is_a_key",
        (("created_timestamp 'loaded_at' is also a join key", "only one of them"),),
        {"join_keys": ["id", "loaded_at"]},
    ),
    Mistake("ttl_in_months", (("ttl '1 month'", LENGTH),), {"ttl": "1 month"}),
    Mistake("ttl_is_a_number", (("ttl '3'", LENGTH),), {"ttl": 3}),
    Mistake(
        "lag_is_negative",
        (("availability_lag '-1 hour'", LENGTH),),
        {"availability_lag": "-1 hour"},
    ),
    Mistake(
        "lag_is_empty", (("availability_lag ''", "such as '90 minutes'"),), {"availability_lag": ""}
    ),
    Mistake(
        "ttl_of_nothing",
        (("ttl must be longer than 0", "leave it out"),),
        {"ttl": "0 hours", "availability_lag": ABSENT},
    ),
    Mistake(
        "ttl_not_above_lag",
        (("ttl 24 hours is not above availability_lag 1 day", "make the ttl longer"),),
        {"ttl": "24 hours", "availability_lag": "1 day"},
    ),
    Mistake("drift_is_text", (("drift must be a mapping", "psi: 0.3"),), {"drift": "off"}),
    Mistake(
        "drift_keys",
        (
            ("drift: unknown key 'ks'", "known are baseline, psi"),
            ("drift.baseline is 'yesterday'", "training_set, season or previous_run"),
            ("drift.psi is '-1'", "0 or a greater number"),
            ("drift.since '2013-02-30' is not an instant", "2013-07-01T12:00:00Z"),
            ("drift.off must say why",),
            ("drift.features names 'scores'", "features are score"),
        ),
        {
            "drift": {
                "ks": 1,
                "baseline": "yesterday",
                "psi": -1,
                "since": "2013-02-30",
                "off": "",
                "features": {"scores": {"psi": 1}},
            }
        },
    ),
    Mistake(
        "drift_of_a_feature",
        (
            ("drift.features.score: unknown key 'features'",),
            ("drift.features.score.minimum_rows is 'True'", "0 or a greater number"),
        ),
        {"drift": {"features": {"score": {"features": {}, "minimum_rows": True}}}},
    ),
    Mistake(
        "pii_is_text",
        (("column 'score': meta.pii must be true or false",),),
        meta={"score": {"pii": "yes"}},
    ),
    Mistake(
        "expectations_map",
        (("expectations must be a list", "[] only checks"),),
        {"expectations": {"freshness": "3 hours"}},
    ),
    Mistake(
        "expectation_of_two",
        (("expectation 1 must be one name with its arguments", "perhaps a severity"),),
        {"expectations": [{"freshness": "3 hours", "row_count_change": {"min": 0}}]},
    ),
    Mistake(
        "expectation_without_name",
        (("expectation 1 must be one name with its arguments", "perhaps a severity"),),
        {"expectations": ["freshness"]},
    ),
    Mistake(
        "expectation_of_another_severity",
        (("expectation 2: severity must be error or warn", "'fatal'"),),
        {
            "expectations": [
                {"freshness": "3 hours"},
                {"freshness": "4 hours", "severity": "fatal"},
            ]
        },
    ),
    Mistake("online_is_text", (("online must be true or false", "'yes'"),), {"online": "yes"}),
    Mistake(
        "feature_is_text",
        (("column 'score': meta.feature must be true or false",),),
        meta={"score": {"feature": "no"}},
    ),
    Mistake(
        "default_of_a_key",
        (("column 'id': meta.default is for features", "remove it"),),
        meta={"id": {"default": 0}},
    ),
    Mistake(
        "no_feature",
        (("it has no feature", "declare the columns"),),
        meta={"score": {"feature": False}},
    ),
    Mistake(
        "no_order",
        (("feature 'score' of type json has no order", "declare a tie_breaker column"),),
        columns={"score": "json"},
    ),
    Mistake(
        "no_type",
        (("column 'score' has no data_type", "declare the one"),),
        columns={"score": None},
    ),
    Mistake(
        "many",
        (
            ("unknown key 'tll'", "known are", "; did you mean 'ttl'?"),
            ("no enforced contract",),
            ("join_keys names 'customer'", "not a declared column"),
            ("availability_lag 'soon'", LENGTH),
            ("online must be true or false",),
        ),
        {"tll": "1 day", "join_keys": ["customer"], "availability_lag": "soon", "online": 1},
        contract=False,
    ),
    Mistake(
        "labels_no_mapping", (("meta.label_set", "`timestamp: <column>`"),), True, kind="label_set"
    ),
    Mistake(
        "labels_no_timestamp",
        (("timestamp is missing", "instant of a prediction"),),
        {"timestamp": ABSENT},
        kind="label_set",
    ),
    Mistake(
        "labels_unknown_key",
        (("unknown key 'target'", "known are timestamp, label, known_at"),),
        {"target": "returned"},
        kind="label_set",
    ),
    Mistake(
        "labels_unknown_columns",
        (
            ("timestamp names 'at'", "declared are buyer, ordered_at"),
            ("label names 'late'", "declared are"),
            ("known_at names 'then'", "declared are"),
        ),
        {"timestamp": "at", "label": "late", "known_at": "then"},
        kind="label_set",
    ),
    Mistake(
        "labels_no_times",
        (
            ("timestamp 'ordered_at' is of type text", "timestamp, timestamptz or date"),
            ("known_at 'closed_on' is of type integer", "timestamp, timestamptz or date"),
        ),
        columns={"ordered_at": "text", "closed_on": "integer"},
        kind="label_set",
    ),
    Mistake(
        "labels_mature_in_months",
        (("maturity '1 month' is not a fixed length of time", "such as '30 days'"),),
        {"maturity": "1 month", "known_at": ABSENT},
        kind="label_set",
    ),
    Mistake(
        "labels_known_twice",
        (("known_at and maturity both say when", "keep one of them"),),
        {"maturity": "30 days"},
        kind="label_set",
    ),
)


def declaration(mistake: Mistake) -> dict[str, Any]:
    """The properties of a model with one mistake; without a change they are right."""
    right, columns = (
        (VIEW, VIEW_COLUMNS) if mistake.kind == "feature_view" else (LABELS, LABEL_COLUMNS)
    )
    block = mistake.block
    if isinstance(block, dict):
        block = {key: value for key, value in {**right, **block}.items() if value is not ABSENT}
    return {
        "name": mistake.name,
        "config": {"contract": {"enforced": mistake.contract}, "meta": {mistake.kind: block}},
        "columns": [
            {"name": name, "config": {"meta": mistake.meta.get(name, {})}}
            | ({"data_type": data_type} if data_type else {})
            for name, data_type in {**columns, **mistake.columns}.items()
        ],
    }
