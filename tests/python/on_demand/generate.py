"""Random expressions, each as a text and as plain Python that says what it means."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from on_demand.oracle import (
    Row,
    abs_decimal,
    all_of,
    any_of,
    arithmetic,
    best,
    compare,
    differs,
    double_quotient,
    equals,
    minus,
    moved,
    natural_logarithm,
    nullif,
    of_64_bits,
    power_of_e,
    root,
    rounded,
    seconds,
    strict,
)

__all__ = ["Made", "expressions"]

KINDS = {
    "integer": ("big", "small", "whole"),
    "double": ("ratio", "single"),
    "decimal": ("price", "exact"),
    "text": ("word",),
    "boolean": ("flag",),
    "timestamp": ("seen", "zoned", "day", "request_time"),
}
NUMBERS = ("integer", "double", "decimal")
FUNCTIONS = {"SQRT": root, "ln": natural_logarithm, "exp": power_of_e}


@dataclass(frozen=True)
class Made:
    """``binds`` is how strongly its outermost operator does; ``digits`` are those of a decimal."""

    text: str
    kind: str
    value: Callable[[Row], Any]
    binds: int = 100
    digits: tuple[int, int] = (0, 0)


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
        name = self.rng.choice(["abs", "floor", "ceil", *FUNCTIONS])
        one = self.make("double", depth)
        if name == "abs":
            return Made(f"abs({one.text})", kind, strict(abs, one.value))
        if name in FUNCTIONS:
            return Made(f"{name}({one.text})", kind, strict(FUNCTIONS[name], one.value))
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


def expressions(seed: int, count: int, depth: int) -> list[Made]:
    """As many of each kind."""
    generator = Generator(random.Random(seed))
    kinds = [*KINDS]
    return [generator.make(kinds[number % len(kinds)], depth) for number in range(count)]
