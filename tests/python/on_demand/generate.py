"""Random expressions, each as a text and as plain Python that says what it means.

The Python here is the oracle: it is written from the documented rules, with exact fractions and
decimals, and shares nothing with the package. Its values are int, float, Decimal, str, bool and
naive datetime in UTC; None is NULL.
"""

import math
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from operator import itemgetter
from typing import Any

__all__ = ["COLUMNS", "Made", "Row", "corners", "expressions", "rows"]

Row = Mapping[str, Any]

COLUMNS = {
    "big": "bigint",
    "small": "smallint",
    "whole": "integer",
    "ratio": "double precision",
    "single": "real",
    "price": "decimal(10,2)",
    "exact": "decimal(18,4)",
    "wide": "decimal(38,10)",
    "word": "text",
    "flag": "boolean",
    "seen": "timestamp",
    "zoned": "timestamptz",
    "day": "date",
}
"""Each is there twice: as a column of the label set and, with `f_` before it, as a feature."""

KINDS = {
    "integer": ("big", "small", "whole"),
    "double": ("ratio", "single"),
    "decimal": ("price", "exact"),
    "text": ("word",),
    "boolean": ("flag",),
    "timestamp": ("seen", "zoned", "day", "request_time"),
}
NUMBERS = ("integer", "double", "decimal")
FIRST, LAST = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999)
TINY, HUGE = Fraction(1e-150), Fraction(1e150)


@dataclass(frozen=True)
class Made:
    """``binds`` is how strongly its outermost operator does; ``digits`` are those of a decimal."""

    text: str
    kind: str
    value: Callable[[Row], Any]
    binds: int = 100
    digits: tuple[int, int] = (0, 0)


# --- what the language says, in plain Python -----------------------------------------------------


def in_range(value: float) -> bool:
    return math.isfinite(value) and (value == 0 or TINY <= abs(Fraction(value)) <= HUGE)


def is_negative(value: float) -> bool:
    return math.copysign(1, value) < 0


def double_sum(one: float, other: float) -> float | None:
    if not all(math.isfinite(x) and abs(Fraction(x)) <= HUGE for x in (one, other)):
        return None
    total = Fraction(one) + Fraction(other)
    if total == 0:
        return -0.0 if is_negative(one) and is_negative(other) else 0.0
    return float(total)


def double_product(one: float, other: float) -> float | None:
    if not (in_range(one) and in_range(other)):
        return None
    size = float(abs(Fraction(one)) * abs(Fraction(other)))
    return -size if is_negative(one) != is_negative(other) else size


def double_quotient(one: float, other: float) -> float | None:
    if other == 0 or not (in_range(one) and in_range(other)):
        return None
    size = float(abs(Fraction(one)) / abs(Fraction(other)))
    return -size if is_negative(one) != is_negative(other) else size


def of_64_bits(value: int) -> int | None:
    return value if -(2**63) <= value < 2**63 else None


def sort_key(value: Any) -> Any:
    """NaN equals itself and is the greatest."""
    if isinstance(value, float):
        return (1, 0.0) if math.isnan(value) else (0, value)
    return value


def compare(sign: str, one: Any, other: Any) -> bool:
    a, b = sort_key(one), sort_key(other)
    if sign in ("=", "<>", "!="):
        return bool(a == b) == (sign == "=")
    return bool({"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign])


def arithmetic(sign: str, kind: str, one: Any, other: Any) -> Any:
    if kind == "double":
        if sign == "-":
            return double_sum(one, -other)
        return {"+": double_sum, "*": double_product, "/": double_quotient}[sign](one, other)
    with localcontext(prec=100):
        result = {"+": one + other, "-": one - other, "*": one * other}[sign]
    return of_64_bits(result) if kind == "integer" else result


def rounded(name: str, value: Any) -> Any:
    if isinstance(value, int):
        return value
    if not math.isfinite(value) or abs(Fraction(value)) > HUGE:
        return None
    whole = Fraction(value).__floor__() if name == "floor" else Fraction(value).__ceil__()
    return -0.0 if whole == 0 and is_negative(value) else float(whole)


def root(value: float) -> float | None:
    if math.isnan(value) or value < 0 or math.isinf(value) or Fraction(value) > HUGE:
        return None
    with localcontext(prec=200):
        return float(Decimal(value).sqrt())


def seconds(first: datetime, last: datetime) -> float:
    # Microseconds as a double, then divided: two roundings, each to the nearest.
    return float(Fraction(float((last - first) // timedelta(microseconds=1))) / 10**6)


def moved(value: datetime, length: timedelta) -> datetime | None:
    try:
        return value + length
    except OverflowError:
        return None


def best(values: Iterable[Any], take_greatest: bool) -> Any:
    found = None
    for value in values:
        if value is not None and (
            found is None
            or (
                sort_key(value) > sort_key(found)
                if take_greatest
                else sort_key(value) < sort_key(found)
            )
        ):
            found = value
    return found


def all_of(values: list[Any]) -> bool | None:
    return False if False in values else None if None in values else True


def any_of(values: list[Any]) -> bool | None:
    return True if True in values else None if None in values else False


def strict(function: Callable[..., Any], *args: Callable[[Row], Any]) -> Callable[[Row], Any]:
    """NULL if an argument is."""

    def run(row: Row) -> Any:
        values = [arg(row) for arg in args]
        return None if None in values else function(*values)

    return run


# --- random expressions --------------------------------------------------------------------------


class Generator:
    """Makes expressions of a wanted kind, no deeper than asked for."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def make(self, kind: str, depth: int) -> Made:
        if depth == 0 or self.rng.random() < 0.1:
            return self.leaf(kind)
        ways = {
            "integer": [self.sum, self.sum, self.part, self.negative, self.sign, self.chosen],
            "double": [
                self.sum,
                self.sum,
                self.quotient,
                self.between_instants,
                self.negative,
                self.of_double,
                self.chosen,
                self.cast,
            ],
            "decimal": [self.sum, self.negative, self.chosen],
            "text": [self.chosen],
            "boolean": [
                self.compared,
                self.compared,
                self.logical,
                self.is_null,
                self.member,
                self.span,
                self.chosen,
                self.inverse,
            ],
            "timestamp": [self.shifted, self.chosen],
        }
        return self.rng.choice(ways[kind])(kind, depth - 1)

    def leaf(self, kind: str) -> Made:
        if kind != "timestamp" and self.rng.random() < 0.3:
            return self.literal(kind)
        return self.column(self.rng.choice(KINDS[kind]), kind)

    def column(self, name: str, kind: str) -> Made:
        if name != "request_time" and self.rng.random() < 0.5:
            name = f"f_{name}"
        text = name if self.rng.random() < 0.8 else f'"{name}"'
        digits = {"price": (10, 2), "exact": (18, 4), "wide": (38, 10)}
        return Made(
            text if name != "request_time" else name,
            kind,
            lambda row: row[name],
            digits=digits.get(name.removeprefix("f_"), (19, 0)),
        )

    def literal(self, kind: str) -> Made:
        rng = self.rng
        if kind == "integer":
            number = rng.choice([0, 1, 2, 3, 7, 60, -1, -9, 2**31, 2**53 + 1, 2**63 - 1, -(2**63)])
            return Made(str(number), kind, lambda _: number, digits=(19, 0))
        if kind == "double":
            text = rng.choice(
                ["0.0", "0.1", "2.5", "3e3", "-1.5", "1e150", "1e-150", ".75", "-0.0"]
            )
            return Made(text, kind, lambda _: float(text))
        if kind == "boolean":
            flag = rng.random() < 0.5
            return Made(rng.choice([str(flag).lower(), str(flag).upper()]), kind, lambda _: flag)
        if kind == "text":
            word = rng.choice(["", "a", "A", "it's", "ß", "b  c"])
            return Made("'" + word.replace("'", "''") + "'", kind, lambda _: word)
        return self.column("price", kind)

    def inside(self, made: Made, above: int) -> str:
        """The text of an operand, in parentheses if it binds less strongly, or just so."""
        if made.binds <= above or self.rng.random() < 0.1:
            return f"({made.text})"
        return made.text

    def numbers(self, kind: str, depth: int, count: int) -> list[Made]:
        """Numbers whose common type is that kind; of doubles some are others."""
        if kind == "double":
            made = [self.make(self.rng.choice(NUMBERS), depth) for _ in range(count)]
            made[self.rng.randrange(count)] = self.make("double", depth)
            return [
                Made(one.text, "double", strict(float, one.value), one.binds)
                if one.kind != "double"
                else one
                for one in made
            ]
        if kind == "decimal":
            made = [self.make(self.rng.choice(NUMBERS[::2]), depth) for _ in range(count)]
            made[self.rng.randrange(count)] = self.make("decimal", depth)
            scale = max(one.digits[1] for one in made)
            whole = max(one.digits[0] - one.digits[1] for one in made)
            if whole + scale > 34:
                return [self.column("exact", kind) for _ in range(count)]
            digits = (whole + scale, scale)
            return [
                Made(one.text, kind, strict(Decimal, one.value), one.binds, digits) for one in made
            ]
        return [self.make(kind, depth) for _ in range(count)]

    def sum(self, kind: str, depth: int) -> Made:
        sign = self.rng.choice("+-" if kind == "decimal" else "+-*")
        one, other = self.numbers(kind, depth, 2)
        binds = 60 if sign == "*" else 50
        text = f"{self.inside(one, binds - 1)} {sign} {self.inside(other, binds)}"
        digits = (one.digits[0] + 1, one.digits[1]) if kind == "decimal" else (19, 0)
        value = strict(lambda a, b: arithmetic(sign, kind, a, b), one.value, other.value)
        return Made(text, kind, value, binds, digits)

    def quotient(self, kind: str, depth: int) -> Made:
        one, other = (self.make(self.rng.choice(NUMBERS), depth) for _ in range(2))
        text = f"{self.inside(one, 59)}/{self.inside(other, 60)}"
        value = strict(lambda a, b: double_quotient(float(a), float(b)), one.value, other.value)
        return Made(text, kind, value, 60)

    def negative(self, kind: str, depth: int) -> Made:
        one = self.make(kind, depth)
        value = strict((lambda x: of_64_bits(-x)) if kind == "integer" else minus, one.value)
        return Made(f"-({one.text})", kind, value, 70, one.digits)

    def sign(self, kind: str, depth: int) -> Made:
        one = self.make(self.rng.choice(NUMBERS), depth)
        return Made(
            f"sign({one.text})",
            kind,
            strict(lambda x: 0 if x == 0 else -1 if x < 0 else 1, one.value),
            digits=(19, 0),
        )

    def part(self, kind: str, depth: int) -> Made:
        one = self.make("timestamp", depth)
        name, function = self.rng.choice(
            [
                ("hour", lambda x: x.hour),
                ("day_of_week", lambda x: x.isoweekday()),
                ("month", lambda x: x.month),
            ]
        )
        return Made(f"{name}({one.text})", kind, strict(function, one.value), digits=(19, 0))

    def cast(self, kind: str, depth: int) -> Made:
        one = self.make(self.rng.choice(NUMBERS), depth)
        words = self.rng.choice(["double", "double precision", "DOUBLE"])
        return Made(f"cast({one.text} as {words})", kind, strict(float, one.value))

    def of_double(self, kind: str, depth: int) -> Made:
        name = self.rng.choice(["abs", "floor", "ceil", "sqrt"])
        one = self.make("double", depth)
        if name == "abs":
            return Made(f"abs({one.text})", kind, strict(abs, one.value))
        if name == "sqrt":
            return Made(f"SQRT({one.text})", kind, strict(root, one.value))
        value = strict(lambda x: rounded(name, x), one.value)
        return Made(f"{name}({one.text})", kind, value)

    def between_instants(self, kind: str, depth: int) -> Made:
        one, other = self.make("timestamp", depth), self.make("timestamp", depth)
        value = strict(seconds, one.value, other.value)
        return Made(f"seconds_between({one.text}, {other.text})", kind, value)

    def shifted(self, kind: str, depth: int) -> Made:
        one = self.make("timestamp", depth)
        text, length = self.rng.choice(
            [
                ("1 microsecond", timedelta(microseconds=1)),
                ("90 minutes", timedelta(minutes=90)),
                ("3 days 2 hours", timedelta(days=3, hours=2)),
                ("1000000 days", timedelta(days=1_000_000)),
            ]
        )
        literal = f"interval '{text}'"
        if self.rng.random() < 0.3:
            words = f"{literal} + {self.inside(one, 50)}"
            return Made(words, kind, strict(lambda x: moved(x, length), one.value), 50)
        sign = self.rng.choice("+-")
        way = length if sign == "+" else -length
        words = f"{self.inside(one, 49)} {sign} {literal}"
        return Made(words, kind, strict(lambda x: moved(x, way), one.value), 50)

    def chosen(self, kind: str, depth: int) -> Made:
        way = self.rng.choice(["case", "coalesce", "nullif", "extreme", "absolute", "simple"])
        many = self.numbers if kind in NUMBERS else self.several
        if way == "extreme" and kind not in ("text", "boolean"):
            values = many(kind, depth, self.rng.randint(1, 3))
            name = self.rng.choice(["least", "greatest"])
            runs = [one.value for one in values]
            return Made(
                f"{name}({', '.join(one.text for one in values)})",
                kind,
                lambda row: best([run(row) for run in runs], name == "greatest"),
                digits=values[0].digits,
            )
        if way == "absolute" and kind in ("integer", "decimal"):
            one = self.make(kind, depth)
            value = strict(lambda x: of_64_bits(abs(x)), one.value)
            if kind == "decimal":
                value = strict(abs_decimal, one.value)
            return Made(f"abs({one.text})", kind, value, digits=one.digits)
        if way == "coalesce":
            values = many(kind, depth, self.rng.randint(1, 3))
            runs = [one.value for one in values]
            return Made(
                f"coalesce({', '.join(one.text for one in values)})",
                kind,
                lambda row: next((x for run in runs if (x := run(row)) is not None), None),
                digits=values[0].digits,
            )
        if way == "nullif":
            one, other = many(kind, depth, 2)
            if kind == "decimal":
                # The first keeps the type that it has alone.
                one = other = self.column("price", kind)
            if kind == "double":
                one = self.make("double", depth)
            return Made(
                f"nullif({one.text}, {other.text})",
                kind,
                lambda row: nullif(one.value(row), other.value(row)),
                digits=one.digits,
            )
        if way == "simple":
            subject, *tests = self.several("text", depth, 2)
            [test] = tests
            then, otherwise = many(kind, depth, 2)
            return Made(
                f"case {subject.text} when {test.text} then {then.text} else {otherwise.text} end",
                kind,
                lambda row: (
                    then.value(row)
                    if equals(subject.value(row), test.value(row))
                    else otherwise.value(row)
                ),
                digits=then.digits,
            )
        return self.case(kind, depth, many)

    def case(self, kind: str, depth: int, many: Callable[..., list[Made]]) -> Made:
        count = self.rng.randint(1, 2)
        conditions = [self.make("boolean", depth) for _ in range(count)]
        values = many(kind, depth, count + 1)
        has_else = self.rng.random() < 0.7
        words = " ".join(
            f"when {condition.text} then {value.text}"
            for condition, value in zip(conditions, values, strict=False)
        )
        if kind in NUMBERS and not has_else:
            # The common type must not hang on what is left out.
            values = [self.make(kind, depth)] * (count + 1)
            words = " ".join(f"when {one.text} then {values[0].text}" for one in conditions)

        def run(row: Row) -> Any:
            for condition, value in zip(conditions, values, strict=False):
                if condition.value(row):
                    return value.value(row)
            return values[-1].value(row) if has_else else None

        ending = f" else {values[-1].text}" if has_else else ""
        return Made(f"CASE {words}{ending} END", kind, run, digits=values[0].digits)

    def several(self, kind: str, depth: int, count: int) -> list[Made]:
        return [self.make(kind, depth) for _ in range(count)]

    def pair(self, depth: int, kinds: tuple[str, ...]) -> tuple[Made, Made, str]:
        """Two values that can be compared."""
        kind = self.rng.choice(kinds)
        if kind == "wide":
            one, other = self.column("wide", "decimal"), self.column("wide", "decimal")
        elif kind in NUMBERS:
            one, other = self.numbers(kind, depth, 2)
        else:
            one, other = self.several(kind, depth, 2)
        return one, other, kind

    def compared(self, kind: str, depth: int) -> Made:
        equality = self.rng.random() < 0.5
        kinds = (*NUMBERS, "wide", "timestamp", *(("text", "boolean") if equality else ()))
        one, other, _ = self.pair(depth, kinds)
        left, right = self.inside(one, 40), self.inside(other, 40)
        if equality and self.rng.random() < 0.4:
            is_not = self.rng.random() < 0.5
            return Made(
                f"{left} is {'not ' * is_not}distinct from {right}",
                kind,
                lambda row: differs(one.value(row), other.value(row)) != is_not,
                40,
            )
        sign = self.rng.choice(["=", "<>", "!="] if equality else ["<", "<=", ">", ">="])
        value = strict(lambda a, b: compare(sign, a, b), one.value, other.value)
        return Made(f"{left} {sign} {right}", kind, value, 40)

    def logical(self, kind: str, depth: int) -> Made:
        word = self.rng.choice(["and", "or"])
        parts = [self.make(kind, depth) for _ in range(self.rng.randint(2, 3))]
        binds = 20 if word == "and" else 10
        texts = [self.inside(parts[0], binds - 1)]
        texts += [self.inside(part, binds) for part in parts[1:]]
        runs = [part.value for part in parts]
        combine = all_of if word == "and" else any_of
        spelled = self.rng.choice([word, word.upper()])
        text = f" {spelled} ".join(texts)
        return Made(text, kind, lambda row: combine([run(row) for run in runs]), binds)

    def inverse(self, kind: str, depth: int) -> Made:
        one = self.make(kind, depth)
        return Made(f"not {self.inside(one, 30)}", kind, strict(lambda x: not x, one.value), 30)

    def is_null(self, kind: str, depth: int) -> Made:
        one = self.make(self.rng.choice([*KINDS]), depth)
        is_not = self.rng.random() < 0.5
        return Made(
            f"{self.inside(one, 40)} is {'not ' * is_not}null",
            kind,
            lambda row: (one.value(row) is None) != is_not,
            40,
        )

    def member(self, kind: str, depth: int) -> Made:
        one, *others = self.several(self.rng.choice(["integer", "text", "timestamp"]), depth, 3)
        is_not = self.rng.random() < 0.3
        words = ", ".join(other.text for other in others)

        def run(row: Row) -> bool | None:
            found = any_of([equals(one.value(row), other.value(row)) for other in others])
            return None if found is None else found != is_not

        return Made(f"{self.inside(one, 40)} {'not ' * is_not}in ({words})", kind, run, 40)

    def span(self, kind: str, depth: int) -> Made:
        # Each bound is compared by itself: as doubles, if one of the two is one.
        own = self.rng.choice(["integer", "double", "timestamp"])
        one, first, last = self.several(own, depth, 3)
        is_not = self.rng.random() < 0.3

        def run(row: Row) -> bool | None:
            value, low, high = one.value(row), first.value(row), last.value(row)
            found = all_of(
                [
                    None if value is None or low is None else compare(">=", value, low),
                    None if value is None or high is None else compare("<=", value, high),
                ]
            )
            return None if found is None else found != is_not

        return Made(
            f"{self.inside(one, 40)} {'not ' * is_not}between {self.inside(first, 40)}"
            f" and {self.inside(last, 40)}",
            kind,
            run,
            40,
        )


def minus(value: Any) -> Any:
    if isinstance(value, Decimal):
        # No decimal is a negative zero in a warehouse.
        return value.copy_negate() if value else value
    return -value


def abs_decimal(value: Decimal) -> Decimal:
    return value.copy_abs()


def equals(one: Any, other: Any) -> bool | None:
    return None if one is None or other is None else compare("=", one, other)


def nullif(one: Any, other: Any) -> Any:
    return None if equals(one, other) else one


def differs(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is not other
    return not compare("=", one, other)


def expressions(seed: int, count: int, depth: int) -> list[Made]:
    """As many of each kind."""
    generator = Generator(random.Random(seed))
    kinds = [*KINDS]
    return [generator.make(kinds[number % len(kinds)], depth) for number in range(count)]


def corners() -> list[Made]:
    """What random expressions seldom are: two doubles, among them extremes, NaN and NaN."""
    found: list[Made] = []
    for one, other in (("ratio", "f_ratio"), ("single", "f_single"), ("f_single", "ratio")):
        found += [comparison(sign, one, other) for sign in ("=", "<>", "<", "<=", ">", ">=")]
        found += [extreme(name, one, other) for name in ("least", "greatest")]
        found += [of_doubles(sign, one, other) for sign in "+-*/"]
        found.append(distinction(one, other))
    return found + PRECEDENCE


def comparison(sign: str, one: str, other: str) -> Made:
    value = strict(lambda a, b: compare(sign, a, b), itemgetter(one), itemgetter(other))
    return Made(f"{one} {sign} {other}", "boolean", value)


def of_doubles(sign: str, one: str, other: str) -> Made:
    value = strict(
        lambda a, b: arithmetic(sign, "double", a, b), itemgetter(one), itemgetter(other)
    )
    return Made(f"{one} {sign} {other}", "double", value)


def extreme(name: str, one: str, other: str) -> Made:
    return Made(
        f"{name}({one}, {other})",
        "double",
        lambda row: best([row[one], row[other]], name == "greatest"),
    )


def distinction(one: str, other: str) -> Made:
    return Made(
        f"{one} is distinct from {other}", "boolean", lambda row: differs(row[one], row[other])
    )


PRECEDENCE = [
    Made(
        "flag or f_flag and whole > 0",
        "boolean",
        lambda row: any_of([row["flag"], all_of([row["f_flag"], is_positive(row["whole"])])]),
    ),
    Made(
        "not flag = f_flag",
        "boolean",
        strict(lambda a, b: a != b, itemgetter("flag"), itemgetter("f_flag")),
    ),
    Made(
        "1 - whole - f_whole * 2",
        "integer",
        strict(lambda a, b: 1 - a - b * 2, itemgetter("whole"), itemgetter("f_whole")),
    ),
]
"""Which operator binds more strongly."""


def is_positive(value: int | None) -> bool | None:
    return None if value is None else value > 0


# --- random rows ---------------------------------------------------------------------------------


def rows(seed: int, count: int) -> list[dict[str, Any]]:
    """Values as the warehouse holds them, and extremes; ``request_time`` is the label's time."""
    rng = random.Random(seed)
    return [
        {
            **{
                f"{prefix}{name}": None if rng.random() < 0.15 else value_of(rng, name)
                for prefix in ("", "f_")
                for name in COLUMNS
            },
            "request_time": instant(rng, calm=True),
        }
        for _ in range(count)
    ]


def value_of(rng: random.Random, name: str) -> Any:
    bits = {"small": 15, "whole": 31, "big": 63}
    if name in bits:
        most = 2 ** bits[name]
        return rng.choice([0, 1, -1, 2, 7, most - 1, -most, rng.randrange(-most, most)])
    if name == "ratio":
        extremes = [
            0.0,
            -0.0,
            *[math.nan] * 5,
            math.inf,
            -math.inf,
            5e-324,
            -1.7e308,
            1e150,
            1.1e150,
        ]
        extremes += [1e-150, 0.9e-150, 0.5, -2.5, 3.0, 1 / 3]
        return rng.choice([rng.choice(extremes), rng.gauss(0, 100)])
    if name == "single":
        specials = [0.0, -0.0, *[math.nan] * 4, math.inf, 2.0**-149]
        return rng.choice([*specials, 0.5, 0.25, -3.0, float(2**24)])
    if name == "price":
        return Decimal(rng.choice([0, 1, -1, 10**10 - 1, rng.randrange(-(10**5), 10**5)])) / 100
    if name in ("exact", "wide"):
        digits, scale = {"exact": (18, 4), "wide": (38, 10)}[name]
        most = 10**digits
        number = rng.choice([0, 1, most - 1, 1 - most, rng.randrange(-most, most), 12_500_000])
        with localcontext(prec=60):
            return Decimal(number).scaleb(-scale)
    if name == "word":
        return rng.choice(["", "a", "A", "b", "it's", "ß", "ss", "b  c"])
    if name == "flag":
        return rng.random() < 0.5
    when = instant(rng)
    return when.replace(hour=0, minute=0, second=0, microsecond=0) if name == "day" else when


def instant(rng: random.Random, calm: bool = False) -> datetime:
    extremes = [FIRST, LAST, datetime(1970, 1, 1), datetime(2024, 2, 29, 23, 59, 59, 999_999)]
    if not calm and rng.random() < 0.3:
        return rng.choice(extremes)
    start = datetime(2024, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    return start + timedelta(microseconds=rng.randrange(-(10**15), 10**15))
