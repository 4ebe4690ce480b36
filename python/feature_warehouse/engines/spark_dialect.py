"""Spark's SQL: identifiers in backticks, TIMESTAMP as an instant, hashes, and sort keys."""

import re
from collections.abc import Sequence
from typing import Never

from feature_warehouse.codec.stored_types import Kind
from feature_warehouse.declarations.model import Column
from feature_warehouse.engines.dialect import Dialect
from feature_warehouse.errors import UsageError

__all__ = ["DIALECT", "NO_APPENDING", "quote"]

NO_APPENDING = (
    "Spark takes no logged requests: tables of Parquet files have no keys and no transactions; keep"
    " the requests in a DuckDB or PostgreSQL target"
)

_FLOAT = re.compile(r"double|float|real")
_WHOLE = re.compile(r"(tiny|small|big)?int|integer|byte|short|long")
_TEXT = re.compile(r"(string|varchar|char)\b.*")
_WITHOUT_ORDER = re.compile(r"\b(map|variant|interval)\b")

# What Spark hashes as equal is equal for readers too. Not so 0.0 and -0.0, and not in arrays, of
# which it skips NULL and forgets where one ends; maps it does not hash at all.
_HASHABLE = re.compile(
    r"(tiny|small|big)?int|integer|byte|short|long|boolean|date|timestamp\w*|binary"
    r"|(string|varchar|char)\b.*|(decimal|dec|numeric)\b.*"
)

# By itself Spark writes milliseconds, and leaves NULL out.
_JSON = (
    "map('ignoreNullFields', 'false', 'timestampFormat', 'yyyy-MM-dd HH:mm:ss.SSSSSS',"
    " 'timestampNTZFormat', 'yyyy-MM-dd HH:mm:ss.SSSSSS')"
)


class _SparkDialect(Dialect, frozen=True):
    """See ``Dialect``."""

    def quote(self, name: str) -> str:
        return quote(name)

    def total(self, column: Column) -> str:
        name = quote(column.name)
        # A sum of BIGINT is one, and begins anew below where it ends.
        return f"sum(cast({name} as decimal(38,0)))" if _is(_WHOLE, column) else f"sum({name})"

    def quantile(self, expression: str, fraction: float) -> str:
        # Its percentile_disc makes doubles of all values.
        place = f"greatest(1, cast(ceil({fraction!r} * count({expression})) as int)) - 1"
        return f"get(sort_array(collect_list({expression})), {place})"

    def joined(self, *texts: str) -> str:
        return f"concat_ws('', {', '.join(texts)})"

    def interval(self, length: int) -> str:
        return f"interval '{length}' microsecond"

    def instant(self, clock: int) -> str:
        return f"timestamp_micros({clock})"


def quote(name: str) -> str:
    """An identifier in backticks, whatever it contains."""
    return "`" + name.replace("`", "``") + "`"


def _is(kind: re.Pattern[str], column: Column) -> bool:
    return kind.fullmatch(" ".join(column.data_type.lower().split())) is not None


def _compared(column: Column) -> str:
    """A text counts by its bytes, also one of a column that has another collation."""
    name = quote(column.name)
    is_collated = _is(_TEXT, column) and " collate " in column.data_type.lower()
    return f"{name} collate utf8_binary" if is_collated else name


def _json(name: str) -> str:
    """A text that tells any two values apart."""
    return f"to_json(named_struct('v', {name}), {_JSON})"


def _sort_keys(column: Column) -> list[str]:
    """The expressions to sort by; downwards the greatest value is first."""
    name = quote(column.name)
    if _is(_FLOAT, column):
        # 0.0 and -0.0 sort alike.
        return [name, f"cast({name} as string) <> '-0.0'"]
    if _is(_HASHABLE, column):
        return [_compared(column)]
    # As in the macro, but for a map, which has no order at all.
    text = f"cast({name} as string)"
    return [text] if _WITHOUT_ORDER.search(column.data_type.lower()) else [name, text]


def _hashed(columns: Sequence[Column]) -> str:
    values = [value for column in columns for value in _hashable(column)]
    # The sum of many is exact in decimals only.
    return f"cast(xxhash64({', '.join(values)}) as decimal(38,0))"


def _hashable(column: Column) -> list[str]:
    # NULL adds nothing to a hash: (NULL, 1) would be (1, NULL).
    name = quote(column.name)
    if _is(_FLOAT, column):
        value = f"cast({name} as string)"
    else:
        value = _compared(column) if _is(_HASHABLE, column) else _json(name)
    return [value, f"{name} is null"]


def _stored_as(_: Kind) -> Never:
    raise UsageError(NO_APPENDING)


DIALECT: Dialect = _SparkDialect(
    type_of="typeof",
    sort_keys=_sort_keys,
    hashed=_hashed,
    compared=_compared,
    stored_as=_stored_as,
    text="string",
    double="double",
    computed_once="",
    parameter=":p%d",
    backslash="\\\\",
)
