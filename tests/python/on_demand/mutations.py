"""Plausible mistakes in the macros of expressions: random ones must have other values then."""

from harness.mutation import DUCKDB, POSTGRES, Mutation

TOKENS = "internal/on_demand/_tokens.sql"
PARSER = "internal/on_demand/_parser.sql"
TYPES = "internal/on_demand/_types.sql"
TYPING = "internal/on_demand/_typing.sql"
PRINTER = "internal/on_demand/_printer.sql"
VALUES = "internal/on_demand/_printed_values.sql"
LOGARITHMS = "internal/on_demand/_logarithms.sql"
COMPUTED = "internal/on_demand/_computed_sql.sql"
DUCKDB_ANSWERS = "internal/engines/duckdb.sql"
POSTGRES_ANSWERS = "internal/engines/postgres.sql"

ON_DEMAND_MUTATIONS = (
    Mutation("or binds like and", TOKENS, "'or': 10", "'or': 25"),
    Mutation("sums bind like products", TOKENS, "'+': 50, '-': 50", "'+': 60, '-': 60"),
    Mutation(
        "not binds more than a comparison",
        PARSER,
        "_expression(state, 30)",
        "_expression(state, 45)",
    ),
    Mutation(
        "operators of one kind are read from the right",
        PARSER,
        "[left, feature_warehouse._expression(state, binding)]",
        "[left, feature_warehouse._expression(state, binding - 1)]",
    ),
    Mutation(
        "between leaves out its end",
        PARSER,
        "_call(state, '<=', [left, last], at)",
        "_call(state, '<', [left, last], at)",
    ),
    Mutation(
        "not in is in",
        PARSER,
        "[node], at) if token.kind == 'not' else node",
        "[node], at) if false else node",
    ),
    Mutation(
        "is not null is null",
        PARSER,
        "[node], at) if is_not else node",
        "[node], at) if false else node",
    ),
    Mutation(
        "quotation marks stay doubled",
        PARSER,
        'token.text[1:-1] | replace("\'\'", "\'")',
        "token.text[1:-1]",
    ),
    Mutation(
        "quotients of integers are integers",
        TYPING,
        "'double' if node.call == '/' else type",
        "type",
    ),
    Mutation("days are subtracted as they are added", TYPING, "'-' ~ length.value", "length.value"),
    Mutation(
        "doubles have no bounds",
        PRINTER,
        "range(2) if not feature_warehouse._is_moderate(node.args[place])",
        "[]",
        DUCKDB,
    ),
    Mutation(
        "sums have no bounds", PRINTER, "'abs(' ~ sql[place] ~ ') <= 1e150'", "'true'", DUCKDB
    ),
    Mutation("divided by zero", PRINTER, "'nullif(' ~ sql[1] ~ ', 0)'", "sql[1]", DUCKDB),
    Mutation(
        "roots of negative numbers",
        PRINTER,
        "' between 0 and 1e150 then sqrt(' ~ sql ~ ') end'",
        "' <= 1e150 then sqrt(abs(' ~ sql ~ ')) end'",
    ),
    Mutation(
        "logarithms of what is not positive",
        LOGARITHMS,
        "' between 1e-150 and 1e150 then floor(ln('",
        "' <= 1e150 then floor(ln('",
    ),
    Mutation(
        "a guessed exponent is believed",
        LOGARITHMS,
        "~ guess.sql ~ ' + 1 else '",
        "~ guess.sql ~ ' else '",
    ),
    Mutation("a mantissa keeps its half", LOGARITHMS, "~ ' / 2 else '", "~ ' else '"),
    Mutation("the last bits of ln(2) are lost", LOGARITHMS, "5.497923018708371e-14", "0e0"),
    Mutation("a logarithm ends too early", LOGARITHMS, "(13 - 49 * z / (15 - 64 * z / 17))", "13"),
    Mutation("a power of e ends too early", LOGARITHMS, "(18 + r * r / 22)", "18"),
    Mutation(
        "squares are lost",
        LOGARITHMS,
        "') < 1e-150 then 0 else '",
        "') < 0 then 0 else '",
        POSTGRES,
    ),
    Mutation("powers of e have no bounds", LOGARITHMS, "<= 345 then", "<= 1e150 then"),
    Mutation(
        "weeks begin on Sunday",
        PRINTER,
        "feature_warehouse._day_of_week() if call == 'day_of_week'",
        "'dow' if call == 'day_of_week'",
    ),
    Mutation("the year 10000 is there", VALUES, "[last, last - microseconds] | min", "last"),
    Mutation(
        "infinite instants are there",
        VALUES,
        "-62135596800000000) ~ ' and '",
        "-62135596700000000) ~ ' and '",
    ),
    Mutation(
        "integers of 32 bits",
        VALUES,
        "'cast(' ~ column ~ ' as bigint)'",
        "'cast(cast(' ~ column ~ ' as smallint) as bigint)'",
    ),
    Mutation("the wrong step is read", COMPUTED, "{%- set source.name = 'step_' ~ level -%}", ""),
    Mutation(
        "integers wrap or fail",
        DUCKDB_ANSWERS,
        "as hugeint) ' ~ operator ~ ' ' ~ last ~ ' as bigint)'",
        "as double) ' ~ operator ~ ' ' ~ last ~ ' as bigint)'",
        DUCKDB,
    ),
    Mutation(
        "decimals are cast twice",
        DUCKDB_ANSWERS,
        "'cast(cast(' ~ expression ~ ' as text) as double precision)'",
        "'cast(cast(' ~ expression ~ ' as real) as double precision)'",
        DUCKDB,
    ),
    Mutation(
        "integers have 32 bits",
        POSTGRES_ANSWERS,
        "between -9223372036854775808 and 9223372036854775807",
        "between -2147483648 and 2147483647",
        POSTGRES,
    ),
)
