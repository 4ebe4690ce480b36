"""Plausible mistakes in the macros of window views, and which proof has to notice them."""

from harness.mutation import DUCKDB, POSTGRES, Mutation

POSTGRES_ANSWERS = "internal/engines/postgres.sql"
PLAN = "internal/windows/_window_plan.sql"
CHANGES = "internal/windows/_window_changes.sql"
STATES = "internal/windows/_window_states.sql"
TALLIES = "internal/windows/_window_tallies.sql"
EXTREMES = "internal/windows/_window_extremes.sql"
FEATURES = "internal/windows/_window_features.sql"
GROWTH = "internal/windows/_window_growth.sql"
DISTINCT = "internal/windows/_window_distinct.sql"
EXACT = "internal/windows/_window_exact.sql"
NUMBERS = "internal/windows/_window_numbers.sql"

WINDOW_MUTATIONS = (
    Mutation(
        "lag ignored", PLAN, "feature_warehouse._interval(view.lag) if view.lag", "'' if false"
    ),
    Mutation("created ignored", PLAN, "feature_warehouse._greatest(due ~ ', ' ~ created)", "due"),
    Mutation("offset ignored when entering", PLAN, "[plan.lag, offset] | max", "plan.lag"),
    Mutation(
        "offset of late events ignored",
        PLAN,
        "_greatest(plan.known_at ~ ', ' ~ feature_warehouse._after(plan, offset))",
        "_after({'event_at': plan.known_at}, 0)",
    ),
    Mutation("dead events have rows", PLAN, "if plan.late and reach else []", "if false else []"),
    Mutation(
        "dead events are counted in changes",
        TALLIES,
        "{%- if plan.late and window.length is not none -%}\n        {%- set entered",
        "{%- if false -%}\n        {%- set entered",
        POSTGRES,
    ),
    Mutation(
        "dead events are counted in running sums",
        TALLIES,
        "{%- if plan.late and window.length is not none -%}\n        {%- set in_time",
        "{%- if false -%}\n        {%- set in_time",
        DUCKDB,
    ),
    Mutation(
        "changes never subtract",
        TALLIES,
        "'\\n            - '",
        "'\\n            - 0 * '",
        POSTGRES,
    ),
    Mutation(
        "running sums are never subtracted", TALLIES, "'- coalesce('", "'- 0 * coalesce('", DUCKDB
    ),
    Mutation(
        "running sums of late events in the order of events",
        TALLIES,
        "plan.late and change == plan.enters[window.offset] -%}",
        "false -%}",
        DUCKDB,
    ),
    Mutation(
        "what has left counts though others have entered since",
        TALLIES,
        "entered ~ ' < ' ~ left",
        "entered ~ ' <> ' ~ left",
        DUCKDB,
    ),
    Mutation(
        "what has entered counts though it has left",
        TALLIES,
        "entered ~ ' < ' ~ left",
        "left ~ ' < ' ~ left",
        DUCKDB,
    ),
    Mutation(
        "rows where nothing has entered the first offset are lost",
        CHANGES,
        "'coalesce(' ~ entered | join(', ') ~ ')'",
        "entered[0]",
        DUCKDB,
    ),
    Mutation(
        "nothing has entered an offset window",
        TALLIES,
        "{%- if plan.late or window.offset != plan.enters | min -%}",
        "{%- if false -%}",
        DUCKDB,
    ),
    Mutation(
        "leaving events that never entered are subtracted",
        FEATURES,
        "~ ' < ' ~ leaves] if plan.late else []",
        "~ ' < ' ~ leaves] if false else []",
        POSTGRES,
    ),
    Mutation("NULL keys are an entity", FEATURES, "{{ source }} is not null", "true"),
    Mutation(
        "the condition on events is ignored", FEATURES, "{%- if plan.where %}", "{%- if false %}"
    ),
    Mutation(
        "a row for each event",
        CHANGES,
        "over {{ known }} <> {{ plan.at }}, true)",
        "over {{ known }} <> {{ plan.at }}, true) or true",
    ),
    Mutation("a frame too long by a microsecond", TALLIES, "(stay - 1)", "stay", DUCKDB),
    Mutation("a frame too short", TALLIES, "(stay - 1)", "(stay - 2)", DUCKDB),
    Mutation(
        "what leaves stays in its frame", TALLIES, " following exclude group", " following", DUCKDB
    ),
    Mutation(
        "what comes as another leaves is missed",
        TALLIES,
        "'current row and ' ~ stay",
        "'current row and ' ~ (stay - 1)",
        DUCKDB,
    ),
    Mutation(
        "what leaves at the instant still counts",
        EXTREMES,
        "feature_warehouse._before_peers()",
        "'groups between unbounded preceding and current row'",
    ),
    Mutation("late events are counted twice", EXTREMES, "' and not ' ~ inner.flag", "''", DUCKDB),
    Mutation(
        "late events do not leave",
        CHANGES,
        "and states.{{ plan.at }} < {{ inner.leaves }}",
        "",
    ),
    Mutation(
        "late events leave late",
        CHANGES,
        "and states.{{ plan.at }} < {{ inner.leaves }}",
        "and states.{{ plan.at }} <= {{ inner.leaves }}",
    ),
    Mutation(
        "blocks of another length",
        EXTREMES,
        "window.length if plan.late else feature",
        "2 * feature",
        POSTGRES,
    ),
    Mutation(
        "share of all events",
        STATES,
        "' then 1 when not '\n            ~ aggregate.expression ~ ' then 0 end'",
        "' then 1 else 0 end'",
    ),
    Mutation("deviation of the population", EXACT, "' - 1))'], 12", "'))'], 12"),
    Mutation("cents are forgotten", EXACT, "~ (' / 1' ~ '0' * scale if scale else '')", "", DUCKDB),
    Mutation(
        "instants by types that nobody is held to",
        PLAN,
        "types.enforced.get(view.event_timestamp)",
        "types.declared.get(view.event_timestamp)",
    ),
    Mutation(
        "what is not finite is forgotten",
        NUMBERS,
        "' > 0 then ' ~ feature",
        "' < 0 then ' ~ feature",
        POSTGRES,
    ),
    Mutation(
        "reals are added as reals",
        NUMBERS,
        "feature_warehouse._as_double(aggregate.expression)",
        "aggregate.expression",
        POSTGRES,
    ),
    Mutation("NULL is last", STATES, "sorted ~ ' nulls first'", "sorted ~ ' nulls last'"),
    Mutation(
        "the tie breaker is ignored", STATES, "if plan.tie_breaker else []", "if false else []"
    ),
    Mutation("the last is the first", STATES, "== 'first'", "== 'last'"),
    Mutation(
        "the conditions of first and last are ignored",
        FEATURES,
        "{%- if ranked.condition %}",
        "{%- if false %}",
    ),
    Mutation("empty text is NULL", POSTGRES_ANSWERS, "> 19", "> 20", POSTGRES),
    Mutation(
        "a value that comes back is new",
        DISTINCT,
        "plan, key, span.previous_at, span.enters if plan.late else plan.event_at",
        "plan, (0, 1), span.previous_at, span.enters if plan.late else plan.event_at",
    ),
    Mutation(
        "a value ends twice",
        DISTINCT,
        "feature_warehouse._has_left(plan, key, plan.event_at, span.next_at)",
        "'true'",
    ),
    Mutation(
        "a value ends once too seldom",
        DISTINCT,
        "at ~ ' >= ' ~ event",
        "at ~ ' > ' ~ event",
    ),
    Mutation("NULL is a value", DISTINCT, "span.payload ~ ' is not null'", "'true'"),
    Mutation(
        "an old event ends a value",
        DISTINCT,
        "'coalesce(' ~ plan.event_at ~ ' > ' ~ span.previous_at ~ ', true)'",
        "'true'",
    ),
    Mutation(
        "an old event is the next of its value",
        DISTINCT,
        "[span.payload, feature_warehouse._is_newest_value(plan, span)]",
        "[span.payload]",
    ),
    Mutation(
        "late events of a value in the order of their own time",
        DISTINCT,
        "order by {{ span.enters }}, {{ plan.event_at }}",
        "order by {{ plan.event_at }}, {{ span.enters }}",
    ),
    Mutation(
        "values of all offsets in the order of one",
        DISTINCT,
        "set offset = window.offset if plan.late else none",
        "set offset = 0",
    ),
)

GROWTH_MUTATIONS = (
    Mutation(
        "events of an instant are counted too often",
        TALLIES,
        "count(*) over this_instant as {{ plan.entering }}",
        "1000 * count(*) over this_instant as {{ plan.entering }}",
        DUCKDB,
    ),
    Mutation(
        "an event at an instant that has one is lost",
        GROWTH,
        "coalesce(built.events_entered, 0)",
        "coalesce(1000 * built.events_entered, 0)",
    ),
    Mutation(
        "events of all but one offset are lost",
        GROWTH,
        "{%- for offset in plan.enters %}",
        "{%- for offset in [plan.enters | max] %}",
    ),
    Mutation(
        "rows from too late on",
        GROWTH,
        "min(counted_entries.{{ plan.at }})",
        "max(counted_entries.{{ plan.at }})",
    ),
    Mutation(
        "events of the longest window are lost",
        GROWTH,
        "_after(plan, reaches | max)",
        "_after(plan, reaches | min)",
    ),
    Mutation(
        "all time is forgotten",
        GROWTH,
        "plan.reaches.values() | list",
        "plan.reaches.values() | map('default', 0, true) | list",
    ),
    Mutation(
        "rows from before are written again",
        FEATURES,
        "states.{{ plan.at }} >= touched",
        "states.{{ plan.at }} <> touched",
    ),
)
