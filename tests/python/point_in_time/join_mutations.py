"""Mistakes in how a label finds its row, and in what it gets of it."""

from harness.mutation import DUCKDB, POSTGRES, Mutation

DECLARATIONS = "internal/declarations/_declarations.sql"
DUCKDB_ANSWERS = "internal/engines/duckdb.sql"
POSTGRES_ANSWERS = "internal/engines/postgres.sql"
VALUES_ANSWERS = "internal/engines/_values.sql"
SPECS = "internal/joins/_join_specs.sql"
ROWS = "internal/joins/_available_rows.sql"
ANSWERS = "internal/joins/_answers.sql"
NEWEST = "internal/joins/_newest_rows.sql"


def _asof(name: str, old: str, new: str) -> Mutation:
    return Mutation(f"ASOF JOIN: {name}", "internal/joins/_asof_join.sql", old, new, DUCKDB)


def _fetch(name: str, old: str, new: str) -> Mutation:
    return Mutation(f"fetched rows: {name}", "internal/joins/_asof_fetch.sql", old, new, DUCKDB)


def _timeline(name: str, old: str, new: str) -> Mutation:
    return Mutation(f"timeline: {name}", "internal/joins/_timeline.sql", old, new, POSTGRES)


def _lookup(name: str, old: str, new: str) -> Mutation:
    return Mutation(f"lookup: {name}", "internal/joins/_lookup.sql", old, new, POSTGRES)


JOIN_MUTATIONS = (
    Mutation("ttl counted from availability", SPECS, "'expires': event", "'expires': due"),
    Mutation(
        "rows of a label's key are left out",
        ROWS,
        " in (select ' ~ columns[0]",
        " not in (select ' ~ columns[0]",
    ),
    Mutation("ttl ignored", SPECS, "feature_warehouse._length(view, 'ttl')", "0"),
    Mutation(
        "created is not waited for", SPECS, "'known': available if late else due", "'known': due"
    ),
    Mutation(
        "lag is not waited for",
        SPECS,
        "(' + ' ~ feature_warehouse._interval(lag) if lag else '')",
        "''",
    ),
    Mutation(
        "ties left to chance",
        SPECS,
        "'ties': feature_warehouse._tie_order(view, types, features)",
        "'ties': []",
    ),
    Mutation(
        "the set's as_of ignored for rows",
        SPECS,
        "if view.get('as_of') is not none else []",
        "if false else []",
    ),
    Mutation(
        "the set's as_of compared with events",
        SPECS,
        "'filters': [available ~ ' <= '",
        "'filters': [due ~ ' <= '",
    ),
    Mutation(
        "the set's as_of exclusive for rows", SPECS, "[available ~ ' <= '", "[available ~ ' < '"
    ),
    Mutation(
        "event_time: created ignored for ties",
        SPECS,
        "'created': created,",
        "'created': created if late else none,",
    ),
    Mutation(
        "event_time: created waited for",
        SPECS,
        "created is not none and view.get('knowledge') != 'event_time'",
        "created is not none",
    ),
    Mutation(
        "what start does not see: exclusive",
        SPECS,
        "event ~ ' >= ' ~ feature_warehouse._instant(view.start)",
        "event ~ ' > ' ~ feature_warehouse._instant(view.start)",
    ),
    Mutation(
        "what start does not see: ttl ignored",
        SPECS,
        "._instant(view.start) ~ ' - '",
        "._instant(view.start) ~ ' - 0 * '",
    ),
    Mutation(
        "what end does not see: created waited for",
        SPECS,
        "(available if late else due) ~ ' < '",
        "available ~ ' < '",
    ),
    Mutation("NULL wins ties", ROWS, "' desc nulls last'", "' desc nulls first'"),
    Mutation("least wins ties", ROWS, "' desc nulls last'", "' nulls last'"),
    Mutation(
        "created does not decide",
        ROWS,
        "([spec.created] if spec.created else []) + spec.ties",
        "spec.ties",
    ),
    Mutation(
        "declared tie-breaker ignored",
        DECLARATIONS,
        "(view.get('tie_breakers') or []) | list",
        "[]",
    ),
    Mutation(
        "features ignored where the tie-breaker ties",
        DECLARATIONS,
        "{%- if feature not in columns -%}",
        "{%- if not view.get('tie_breakers') -%}",
    ),
    Mutation(
        "zeros tie (DuckDB)", DUCKDB_ANSWERS, "'not signbit(' ~ column ~ ')'", "column", DUCKDB
    ),
    Mutation(
        "zeros tie (PostgreSQL)",
        POSTGRES_ANSWERS,
        "'(' ~ column ~ ' <> 0 or cast(' ~ column ~ \" as text) = '0')\"",
        "column",
        POSTGRES,
    ),
    Mutation(
        "zeros of a type that nobody knows tie",
        POSTGRES_ANSWERS,
        """column, text ~ " <> '-0'", bytes,""",
        "column, bytes,",
        POSTGRES,
    ),
    Mutation(
        "zeros of a type that nobody knows are not copied",
        "internal/joins/_asof_fetch.sql",
        "{%- if not type\n            or modules",
        "{%- if modules",
        DUCKDB,
    ),
    Mutation("NULL wins ties of a join (DuckDB)", ROWS, "' nulls first'", "' nulls last'", DUCKDB),
    Mutation(
        "least wins ties of a join (DuckDB)", ROWS, "' nulls first'", "' desc nulls first'", DUCKDB
    ),
    Mutation(
        "available_at for the event timestamp",
        ROWS,
        "{{ spec.event }} as {{ spec.event_at }}",
        "{{ spec.known }} as {{ spec.event_at }}",
    ),
    _asof("at its availability is too early", "{{ clock }} >= ", "{{ clock }} > "),
    _asof(
        "running maximum dropped",
        "max({{ spec.event }}) over {{ known }} = {{ spec.event }}",
        "true",
    ),
    _asof(
        "only the first key separates",
        "('partition by', spec.entity, 12)",
        "('partition by', spec.entity[:1], 12)",
    ),
    _asof("the first row of an instant wins", "'lead('", "'lag('"),
    _asof(
        "NULL keys match",
        "labels.{{ label_key }} = {{ rows }}.{{ key }}",
        "coalesce(labels.{{ label_key }}::varchar, '1') = {{ rows }}.{{ key }}::varchar",
    ),
    _asof("rows without a match are lost", "asof left join", "asof join"),
    _asof(
        "answers of another time",
        "{{ at }} = {{ answers }}.{{ spec.instant }}",
        "{{ at }} >= {{ answers }}.{{ spec.instant }}",
    ),
    _asof("ttl of many columns ignored", "{%- if spec.expires %}", "{%- if false %}"),
    _asof("repeated label rows multiply", "select distinct", "select"),
    _fetch("rows that tie multiply", ", 8, ' = 1'", ", 8, ' > 0'"),
    _fetch(
        "created decides no tie",
        "feature_warehouse._newest_first(spec)[1:], 8",
        "feature_warehouse._newest_first(spec)[2:], 8",
    ),
    _fetch("running maximum dropped", "{%- if spec.late %}\n    {{-", "{%- if false %}\n    {{-"),
    _fetch("ttl ignored", "{%- if spec.ttl %}", "{%- if false %}"),
    _fetch(
        "ttl counted from availability",
        "spec.event_at if feature_warehouse._times_have_events(spec) else",
        "",
    ),
    _fetch("ttl exclusive", "where {{ labels.at }} <= ", "where {{ labels.at }} < "),
    _fetch(
        "rows of any event that became known at the instant",
        "{%- set columns = {spec.event: spec.event_at} if spec.late else {} -%}",
        "{%- set columns = {} -%}",
    ),
    _fetch(
        "the rows of other keys are fetched",
        "{% for key in spec.entity -%}\n        {{ spec.found }}",
        "{% for key in spec.entity[:1] -%}\n        {{ spec.found }}",
    ),
    _fetch(
        "labels without a match are lost", "left join {{ spec.alias }}", "join {{ spec.alias }}"
    ),
    _timeline(
        "at its availability is too early",
        "[spec.instant], 8,",
        "[spec.instant ~"
        " \" range between unbounded preceding and interval '1 microsecond' preceding\"], 8,",
    ),
    _timeline("running maximum dropped", "where {{ spec.is_newest }}", ""),
    _timeline("NULL wins ties", "column ~ ' desc nulls last'", "column ~ ' desc nulls first'"),
    _timeline("least wins ties", "column ~ ' desc nulls last'", "column ~ ' nulls last'"),
    _timeline(
        "created does not decide",
        "([spec.created_at] if spec.created else []) + spec.ties",
        "spec.ties",
    ),
    _timeline(
        "labels answer themselves",
        "spec.available_at ~ ' asc nulls last'",
        "spec.available_at ~ ' nulls first'",
    ),
    _timeline(
        "the first row of a key answers for all its labels",
        "spec.entity + [spec.newest_at]",
        "spec.entity + ['1']",
    ),
    _timeline(
        "keys do not separate",
        "'max(' ~ spec.available_at ~ ')', spec.entity,",
        "'max(' ~ spec.available_at ~ ')', [],",
    ),
    _timeline(
        "NULL keys match",
        "labels.{{ label_key }} = {{ spec.answers }}.{{ key }}",
        "coalesce(labels.{{ label_key }}::text, '1') = {{ spec.answers }}.{{ key }}::text",
    ),
    _timeline(
        "repeated label rows multiply",
        "    group by\n        {%- for label_key, key in spec.pairs %}\n"
        "        {{ 'labels.' ~ label_key if spec.exact else key }},\n"
        "        {%- endfor %}\n        {{ at if spec.exact else spec.instant }}\n",
        "",
    ),
    _lookup(
        "at its availability is too early",
        "{{ spec.event }} <= {{ spec.clock }}",
        "{{ spec.event }} < {{ spec.clock }}",
    ),
    _lookup("lag ignored", "{{ ' - ' ~ spec.lag if spec.lag }}", ""),
    _lookup(
        "ttl exclusive",
        "{{ spec.event }} >= {{ at }} - {{ spec.ttl }}",
        "{{ spec.event }} > {{ at }} - {{ spec.ttl }}",
    ),
    _lookup(
        "ttl counted from availability",
        "and {{ spec.event }} >= {{ at }} - {{ spec.ttl }}",
        "and {{ spec.known }} >= {{ at }} - {{ spec.ttl }}",
    ),
    _lookup("ttl ignored", "{%- if spec.ttl %}", "{%- if false %}"),
    _lookup(
        "created is not waited for",
        "{%- if spec.late %}",
        "{%- if false %}",
    ),
    _lookup("created exclusive", "<= {{ spec.clock }}\n        )", "< {{ spec.clock }}\n        )"),
    _lookup("rows without created thrown away", " is null\n", " is null and false\n"),
    _lookup("as_of ignored", "{%- for condition in spec.filters %}", "{%- for condition in [] %}"),
    _lookup(
        "oldest first",
        "'order by', feature_warehouse._newest_first(spec)",
        "'order by', feature_warehouse._newest_last(spec)",
    ),
    _lookup(
        "only the first key separates",
        "{{ spec.alias }}.{{ key }} = labels.{{ label_key }}",
        "{% if loop.first %}{{ spec.alias }}.{{ key }} = labels.{{ label_key }}"
        "{% else %}true{% endif %}",
    ),
    _lookup("labels without a match are lost", "left join lateral", "join lateral"),
    Mutation("ttl exclusive", ANSWERS, "at ~ ' <= '", "at ~ ' < '"),
    Mutation(
        "default for a NULL in a row",
        ANSWERS,
        "{%- set result = 'then ' ~ value -%}",
        "{%- set result = 'then coalesce(' ~ value ~ (', ' ~ default if default is not none"
        " else '') ~ ')' -%}",
    ),
    Mutation("no default", ANSWERS, "{%- if feature in spec.defaults -%}", "{%- if false -%}"),
    Mutation(
        "event timestamp of rows that are expired",
        ANSWERS,
        "matched, event_at,",
        "{'implied': true}, event_at,",
    ),
    Mutation(
        "instants in the session's time zone",
        VALUES_ANSWERS,
        "feature_warehouse._zoned_to_utc(expression)",
        "'cast(' ~ expression ~ ' as timestamp)'",
    ),
    Mutation(
        "age of the wrong sign (DuckDB)",
        DUCKDB_ANSWERS,
        "(epoch_us(' ~ last",
        "-(epoch_us(' ~ last",
        DUCKDB,
    ),
    Mutation(
        "age of the wrong sign (PostgreSQL)",
        POSTGRES_ANSWERS,
        "cast(\\n    extract(",
        "cast(\\n    -extract(",
        POSTGRES,
    ),
    Mutation("as_of: at its availability is too early", NEWEST, "<= {{ at }}", "< {{ at }}"),
    Mutation("as_of: ttl exclusive", NEWEST, ">= {{ at }}", "> {{ at }}"),
    Mutation("as_of: ttl ignored", NEWEST, "{%- if expire and spec.expires %}", "{%- if false %}"),
    Mutation("as_of: NULL keys are an entity", NEWEST, "and {{ key }} is not null", "and true"),
)
