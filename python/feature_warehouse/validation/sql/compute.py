"""The figures that Great Expectations judges by, computed in the warehouse: exact, on all rows.

One query answers all plain aggregates; uniqueness, sets of distinct values and other models take
one each; failed rows are fetched, a few and with their join keys, only where there are any.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from feature_warehouse.engines.dialect import Dialect
from feature_warehouse.validation.sql.aggregates import UNIQUE, aggregates, is_plain
from feature_warehouse.validation.sql.binding import MASK, Binder, shown
from feature_warehouse.validation.sql.conditions import considered, unexpected
from feature_warehouse.validation.sql.metric import ROW_COUNT, Metric
from feature_warehouse.validation.sql.newest_rows import Rows

__all__ = ["EXAMPLES", "Measures"]

EXAMPLES: Final = 5
"""Rows that are shown of those that failed."""


class Measures:
    """Answers metrics about rows. ``examples`` holds failed rows as texts, by a metric's key."""

    def __init__(self, rows: Rows) -> None:
        self._rows, self._dialect = rows, rows.warehouse.dialect
        self._answers: dict[bytes, Any] = {}
        self.examples: dict[bytes, list[str]] = {}

    def answer(self, metrics: Iterable[Metric]) -> dict[bytes, Any]:
        """Values by the metrics' keys; ValueError for a metric that nobody here can compute."""
        wanted = {metric.key: metric for metric in metrics}
        self._aggregate([metric for metric in wanted.values() if is_plain(metric)])
        for metric in wanted.values():
            if metric.key not in self._answers and not metric.name.endswith(".unexpected_values"):
                self._answers[metric.key] = self._alone(metric)
        for metric in wanted.values():
            if metric.name.endswith(".unexpected_values"):
                self._answers[metric.key] = self._failed(metric)
        return {key: self._answers[key] for key in wanted}

    def learn(self, metric: Metric, value: Any) -> None:
        """What was found out elsewhere."""
        self._answers[metric.key] = value

    def _aggregate(self, metrics: Sequence[Metric]) -> None:
        binder, columns = Binder(self._dialect), self._rows.columns
        found = [(metric, aggregates(metric, columns, binder)) for metric in metrics]
        expressions = [text for _, (texts, _) in found for text in texts]
        if not expressions:
            return
        named = ", ".join(f"{text} as a{place}" for place, text in enumerate(expressions))
        [row] = self._rows.fetch(f"select {named} from <rows>", binder)
        values = iter(row)
        for metric, (texts, finish) in found:
            self._answers[metric.key] = finish([next(values) for _ in texts])

    def _alone(self, metric: Metric) -> Any:
        arguments, binder = metric.asked, Binder(self._dialect)
        if metric.name == "table.columns":
            return list(self._rows.columns)
        if metric.name == "table.column_count":
            return len(self._rows.columns)
        if metric.name == "table.column_types":
            return self._types()
        if metric.subject in UNIQUE:
            return self._repeated(metric)
        if metric.name == "column_values.found_in.unexpected_count":
            failing = unexpected(metric.subject, self._rows.columns, arguments, binder)
            [(count,)] = self._rows.fetch(f"select count(*) from <rows> where {failing}", binder)
            return count
        if metric.name.startswith("column.distinct_values."):
            return self._distinct(metric)
        raise ValueError(f"the metric {metric.name} is not supported")

    def _repeated(self, metric: Metric) -> int:
        names, condition = _identity(metric, self._dialect)
        listed = ", ".join(names)
        [(count,)] = self._rows.fetch(
            "select cast(coalesce(sum(copies), 0) as bigint) from (select count(*) as copies"
            f" from <rows> where {condition} group by {listed} having count(*) > 1) as repeated"
        )
        return int(count)

    def _distinct(self, metric: Metric) -> Any:
        """Values outside a set, or of the set that are not there: their number, or some."""
        column = self._rows.columns[str(metric.asked["column"])]
        name, binder = self._dialect.quote(column.name), Binder(self._dialect)
        counted = metric.name.endswith(".count")
        values = [value for value in metric.asked["value_set"] or () if value is not None]
        if "not_in_set" in metric.name:
            outside = unexpected("column_values.in_set", self._rows.columns, metric.asked, binder)
            if counted:
                [(count,)] = self._rows.fetch(
                    f"select count(distinct {name}) from <rows> where {outside}", binder
                )
                return count
            some = f"select distinct {name} from <rows> where {outside} order by 1 limit {EXAMPLES}"
            return [
                self._masked(value, [column.name]) for (value,) in self._rows.fetch(some, binder)
            ]
        there = [
            f"count(case when {name} = {binder.value(column, one)} then 1 end)" for one in values
        ]
        if not there:
            return 0 if counted else []
        listed = ", ".join(f"{text} as a{place}" for place, text in enumerate(there))
        [row] = self._rows.fetch(f"select {listed} from <rows>", binder)
        missing = [value for value, count in zip(values, row, strict=True) if not count]
        return len(missing) if counted else missing[:EXAMPLES]

    def _types(self) -> list[dict[str, str]]:
        """The types that columns have, as declared where that is the same type."""
        function, text = self._dialect.type_of, self._dialect.text
        pairs = [
            f"cast({function}({self._dialect.quote(column.name)}) as {text}),"
            f" cast({function}(cast(null as {column.data_type})) as {text})"
            for column in self._rows.columns.values()
        ]
        types_of = f"select {', '.join(pairs)} from (select 1) as one left join <rows> on false"
        [row] = self._rows.fetch(types_of)
        types = zip(self._rows.view.columns, row[::2], row[1::2], strict=True)
        return [
            {"name": column.name, "type": column.data_type if real == published else real}
            for column, real, published in types
        ]

    def _failed(self, metric: Metric) -> list[Any]:
        """Some values that fail, and for messages the rows they stand in."""
        if not self._is_worth_showing(metric):
            return []
        if metric.key in self._answers:
            found: list[Any] = self._answers[metric.key]
            return found
        names = _named(metric.asked)
        keys = [key.name for key in self._rows.view.join_keys]
        listed = [*keys, *names]
        quote = self._dialect.quote
        columns = ", ".join(f"{quote(name)} as c{place}" for place, name in enumerate(listed))
        order = ", ".join(f"c{place}" for place in range(len(listed)))
        binder = Binder(self._dialect)
        if metric.subject in UNIQUE:
            identity, condition = _identity(metric, self._dialect)
            copies = f"count(*) over (partition by {', '.join(identity)}) as copies"
            source = f"select {columns}, {copies} from <rows> where {condition}"
            failing = f"select {order} from ({source}) as all_rows where copies > 1"
        else:
            condition = unexpected(metric.subject, self._rows.columns, metric.asked, binder)
            failing = f"select {columns} from <rows> where {condition}"
        rows = self._rows.fetch(f"{failing} order by {order} limit {EXAMPLES}", binder)
        return self.remember(metric, keys, names, rows)

    def _is_worth_showing(self, metric: Metric) -> bool:
        """Whether more rows fail than may: to find them takes another look at all of them."""
        counted = Metric(f"{metric.subject}.unexpected_count", metric.arguments)
        count = self._answers.get(counted.key)
        if not isinstance(count, int) or not count:
            return False
        looked_at = self._answers[ROW_COUNT.key]
        column = metric.arguments.get("column")
        if metric.subject != "column_values.nonnull":
            missing = Metric("column_values.nonnull.unexpected_count", {"column": column})
            looked_at -= self._answers.get(missing.key, 0)
        return bool((looked_at - count) / looked_at < metric.mostly)

    def remember(
        self, metric: Metric, keys: list[str], names: list[str], rows: list[tuple[Any, ...]]
    ) -> list[Any]:
        """Failed rows of keys and values: kept as texts, and the values for the report."""
        width = len(keys)
        told = [*names, *(key for key in keys if key not in names)]
        self.examples[metric.key] = []
        values: list[list[Any]] = []
        for row in rows:
            known = {
                **dict(zip(keys, row, strict=False)),
                **dict(zip(names, row[width:], strict=True)),
            }
            texts = [f"{name}={self._masked(known[name], [name], shown)}" for name in told]
            self.examples[metric.key].append(", ".join(texts))
            values.append([self._masked(known[name], [name]) for name in names])
        if "column_list" in metric.asked:
            return [dict(zip(names, row, strict=True)) for row in values]
        return [row[0] if len(names) == 1 else tuple(row) for row in values]

    def _masked(
        self, value: Any, names: Iterable[str], form: Callable[[Any], Any] = lambda value: value
    ) -> Any:
        return MASK if value is not None and self._rows.personal(names) else form(value)


def _named(arguments: Mapping[str, Any]) -> list[str]:
    if "column_list" in arguments:
        return [str(name) for name in arguments["column_list"]]
    keys = ("column", "column_A", "column_B")
    return [str(arguments[key]) for key in keys if key in arguments]


def _identity(metric: Metric, dialect: Dialect) -> tuple[list[str], str]:
    """The columns that are to be unique, and the rows that count."""
    names = [dialect.quote(name) for name in _named(metric.asked)]
    if metric.subject == "column_values.unique":
        return names, f"{names[0]} is not null"
    return names, considered(metric.asked, dialect)
