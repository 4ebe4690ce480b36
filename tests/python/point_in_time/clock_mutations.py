"""Mistakes in what a label sees of runs: of a schedule, and of the publication log."""

from harness.mutation import DUCKDB, POSTGRES, Mutation

CLOCKS = "internal/joins/_clocks.sql"
SERVED = "internal/training_sets/_served.sql"
JOIN = "internal/joins/_point_in_time_join.sql"
ASOF = "internal/joins/_asof_join.sql"
FETCH = "internal/joins/_asof_fetch.sql"
TIMELINE = "internal/joins/_timeline.sql"
LOOKUP = "internal/joins/_lookup.sql"

GREATEST = "feature_warehouse._greatest('finished_at, clock')"
IN_SERVICE = f"'case when is_simulated then clock else ' ~ {GREATEST} ~ ' end'"

CLOCK_MUTATIONS = (
    Mutation("the delay of runs ignored", CLOCKS, "if served.delay else ''", "if false else ''"),
    Mutation(
        "a run that ends at the instant is not in service",
        CLOCKS,
        "[], ['instant'], 16",
        "[], ['instant', 'is_label desc'], 16",
    ),
    Mutation(
        "of runs that end at one instant the latest clock",
        CLOCKS,
        "'max(case when number = ' ~ last ~ ' then clock end)",
        "'max(case when number is not null then clock end)",
    ),
    Mutation(
        "the order of runs that end at one instant ignored",
        CLOCKS,
        "order by in_service_at, finished_at, run)",
        "order by in_service_at, run desc)",
    ),
    Mutation(
        "simulated clocks ignored",
        CLOCKS,
        IN_SERVICE,
        GREATEST,
    ),
    Mutation(
        "runs are in service at their clock",
        CLOCKS,
        IN_SERVICE,
        "'clock'",
    ),
    Mutation(
        "runs are in service before their clock",
        CLOCKS,
        GREATEST,
        "'finished_at'",
    ),
    Mutation(
        "runs over any view",
        CLOCKS,
        "'max(case when view = ' ~ view ~ ' then number end)'",
        "'max(number)'",
    ),
    Mutation(
        "the schedule before the log ignored",
        CLOCKS,
        "[clock, 'clock']) if served.every else clock",
        "[clock, 'clock']) if false else clock",
    ),
    Mutation(
        "the log ignored where there is a schedule",
        SERVED,
        "if feature_warehouse._reads_publications(options) else none",
        "if feature_warehouse._reads_publications(options) and not served.get('every') else none",
    ),
    Mutation(
        "ttl and age at the clock",
        JOIN,
        "_answers(spec, labels.at, {",
        "_answers(spec, spec.clock, {",
        DUCKDB,
    ),
    Mutation(
        "ttl and age at the clock, timeline",
        JOIN,
        "            spec, labels.at,\n",
        "            spec, spec.clock,\n",
        POSTGRES,
    ),
    Mutation(
        "ttl of a table at the clock",
        FETCH,
        "where {{ labels.at }} <= ",
        "where {{ spec.asked_clock }} <= ",
        DUCKDB,
    ),
    Mutation(
        "ttl of many columns at the clock",
        ASOF,
        "where {{ labels.at }} <= ",
        "where {{ spec.asked_clock }} <= ",
        DUCKDB,
    ),
    Mutation(
        "rows of after the run, chained",
        JOIN,
        "._asof_join(spec)",
        "._asof_join(dict(spec, clock=labels.at))",
        DUCKDB,
    ),
    Mutation(
        "rows of after the run, of many columns",
        ASOF,
        "spec.alias, spec.asked_clock)",
        "spec.alias, labels.at)",
        DUCKDB,
    ),
    Mutation(
        "rows of after the run, of a table",
        FETCH,
        "spec.times, spec.asked_clock)",
        "spec.times, labels.at)",
        DUCKDB,
    ),
    Mutation(
        "rows of after the run, timeline",
        TIMELINE,
        "{%- set at = spec.clock -%}",
        "{%- set at = labels.at -%}",
        POSTGRES,
    ),
    Mutation(
        "events of after the run, lookup",
        LOOKUP,
        "{{ spec.event }} <= {{ spec.clock }}",
        "{{ spec.event }} <= {{ at }}",
        POSTGRES,
    ),
    Mutation(
        "rows loaded after the run, lookup",
        LOOKUP,
        "or {{ spec.created }} <= {{ spec.clock }}",
        "or {{ spec.created }} <= {{ at }}",
        POSTGRES,
    ),
    Mutation(
        "ttl at the clock, lookup", LOOKUP, ">= {{ at }} - ", ">= {{ spec.clock }} - ", POSTGRES
    ),
)
