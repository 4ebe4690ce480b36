"""Mistakes in which labels a training set has, and in their splits."""

from harness.mutation import Mutation

VALUES_ANSWERS = "internal/engines/_values.sql"
SETS = "internal/training_sets/_training_sets.sql"
SPLITS = "internal/training_sets/_splits.sql"

LABEL_MUTATIONS = (
    Mutation(
        "the set's as_of ignored for labels",
        SETS,
        "{%- do conditions.append(at ~ ' <= ' ~ clock) -%}",
        "",
    ),
    Mutation(
        "the set's as_of exclusive for labels", SETS, "at ~ ' <= ' ~ clock", "at ~ ' < ' ~ clock"
    ),
    Mutation("start exclusive", SETS, "at ~ ' >= ' ~", "at ~ ' > ' ~"),
    Mutation("end inclusive", SETS, "at ~ ' < ' ~", "at ~ ' <= ' ~"),
    Mutation("maturity ignored", SETS, "{%- if label_set.get('maturity') -%}", "{%- if false -%}"),
    Mutation("maturity exclusive", SETS, "' <= ' ~ (clock or", "' < ' ~ (clock or"),
    Mutation(
        "maturity without as_of ignored",
        SETS,
        "{%- if label_set.get('maturity') -%}",
        "{%- if label_set.get('maturity') and clock -%}",
    ),
    Mutation(
        "known_at ignored",
        SETS,
        "{%- elif label_set.get('known_at') and clock -%}",
        "{%- elif false -%}",
    ),
    Mutation("known_at exclusive", SETS, ") ~ ' <= ' ~ clock", ") ~ ' < ' ~ clock"),
    Mutation(
        "conditions not kept together",
        SETS,
        "'(' ~ condition | trim ~ ('\\n        )' if '--' in condition else ')')",
        "condition | trim ~ '\\n        '",
    ),
    Mutation(
        "embargo after the start",
        SPLITS,
        "(' - ' ~ feature_warehouse",
        "(' + ' ~ feature_warehouse",
    ),
    Mutation(
        "embargo ignored",
        SPLITS,
        "split.get('embargo') or '0 seconds') -%}\n    {%- set sum",
        "'0 seconds') -%}\n    {%- set sum",
    ),
    Mutation("embargo inclusive", SPLITS, "at ~ ' < ' ~", "at ~ ' <= ' ~"),
    Mutation("start of a split exclusive", SPLITS, "at ~ ' >= ' ~", "at ~ ' > ' ~"),
    Mutation("hash at the end of a split", SPLITS, "bucket ~ ' < ' ~", "bucket ~ ' <= ' ~"),
    Mutation("hash at the start of a split", SPLITS, "bucket ~ ' >= ' ~", "bucket ~ ' > ' ~"),
    Mutation(
        "fractions not cumulative", SPLITS, "sum.fractions + fractions[name]", "fractions[name]"
    ),
    Mutation("salt ignored", SPLITS, "{%- if split.get('salt') -%}", "{%- if false -%}"),
    Mutation("values of a hash not separated", SPLITS, "\"'|'\", texts", "\"''\", texts"),
    Mutation("other digits of the hash", SPLITS, "', 1, 8)'", "', 2, 8)'"),
    Mutation(
        "instants hashed in the session's time zone",
        VALUES_ANSWERS,
        "feature_warehouse._utc(column, data_type)",
        "'cast(' ~ column ~ ' as timestamp)'",
    ),
    Mutation("doubles hashed as text", VALUES_ANSWERS, "kind in ('double', 'real')", "false"),
)
