"""Macros use no Jinja that dbt 1 and dbt 2 have not in common, as CONTRIBUTING lists it."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from harness.support import ROOT

FILES = [
    file
    for folder in ("macros", "models", "tests/generic", "tests/singular")
    for file in sorted((ROOT / folder).rglob("*.sql"))
]
MUTATING = {"append", "extend", "insert", "pop", "remove", "setdefault", "update"}


def parsed(text: str) -> nodes.Template:
    """dbt's own tags count as macros."""
    text = re.sub(r"\{%-? *test ", "{% macro ", text)
    text = re.sub(r"\{%-? *endtest *-?%\}", "{% endmacro %}", text)
    return Environment(
        autoescape=True, extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"]
    ).parse(text)


def names(node: nodes.Node | None) -> set[str]:
    found = [] if node is None else [*node.find_all(nodes.Name)]
    return {one.name for one in [*found, *([node] if isinstance(node, nodes.Name) else [])]}


def changed(body: Iterable[nodes.Node]) -> set[str]:
    """What statements put something into."""
    found: set[str] = set()
    for statement in body:
        for call in [*statement.find_all(nodes.Call)]:
            if isinstance(call.node, nodes.Getattr) and call.node.attr in MUTATING:
                found |= names(call.node.node)
        for assigned in [*statement.find_all(nodes.NSRef)]:
            found.add(assigned.name)
        if isinstance(statement, nodes.Assign) and isinstance(statement.target, nodes.NSRef):
            found.add(statement.target.name)
    return found


def methods(template: nodes.Template, *wanted: str) -> Iterable[nodes.Call]:
    for call in template.find_all(nodes.Call):
        if isinstance(call.node, nodes.Getattr) and call.node.attr in wanted:
            yield call


def literal(node: nodes.Node) -> str:
    """The texts of a literal, or of several that are put together."""
    return "".join(
        str(one.value)
        for one in [node, *node.find_all(nodes.Const)]
        if isinstance(one, nodes.Const)
    )


def alternatives(call: nodes.Call) -> bool:
    """Whether a regular expression has a | outside of all parentheses."""
    text = re.sub(r"\\.|\[[^]]*\]", "", literal(call.args[0]))
    while text != (shorter := re.sub(r"\([^()]*\)", "", text)):
        text = shorter
    return "|" in text


RULES: dict[str, tuple[str, Callable[[nodes.Template], Iterable[object]]]] = {
    "`0 < x < 5`": (
        "{{ 0 < x < 5 }}",
        lambda t: (one for one in t.find_all(nodes.Compare) if len(one.ops) > 1),
    ),
    "`for x in y if x not in seen`": (
        "{% for x in y if x not in seen %}{% do seen.append(x) %}{% endfor %}",
        lambda t: (
            loop
            for loop in t.find_all(nodes.For)
            if loop.test and (names(loop.test) - names(loop.target)) & changed(loop.body)
        ),
    ),
    "`for x in y` with `y.append`": (
        "{% for x in y %}{% do y.append(1) %}{% endfor %}",
        lambda t: (
            loop
            for loop in t.find_all(nodes.For)
            if isinstance(loop.iter, nodes.Name) and loop.iter.name in changed(loop.body)
        ),
    ),
    "`text.encode()`": (
        "{{ 'a'.encode('utf-8')[:1].decode('utf-8') }}",
        lambda t: methods(t, "encode", "decode"),
    ),
    "`found.group(1)`": ("{{ found.groups() }}", lambda t: methods(t, "group", "groups")),
    "`modules.re.fullmatch('a|ab', x)`": (
        "{{ modules.re.fullmatch('a|' ~ '(ab)', x) }}",
        lambda t: (one for one in methods(t, "fullmatch") if alternatives(one)),
    ),
    "`x.isoformat(' ')`": (
        "{{ x.isoformat(' ') }}",
        lambda t: (one for one in methods(t, "isoformat") if one.args),
    ),
    "`x.reverse()`": ("{% do x.reverse() %}", lambda t: methods(t, "reverse")),
    "`'%x' | format(1)`": (
        "{{ '%08x' | format(1) }}",
        lambda t: (
            one
            for one in t.find_all(nodes.Filter)
            if one.name == "format" and re.search("%[0-9]*[xXeEgG]", literal(one))
        ),
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_stands_in_contributing_and_finds_what_it_forbids(rule: str) -> None:
    assert (
        f"| {rule} |".replace("|ab", r"\|ab").replace("' | f", r"' \| f")
        in (ROOT / "CONTRIBUTING.md").read_text()
    )
    example, find = RULES[rule]
    assert list(find(parsed(example)))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_has_none_of_it(file: Path) -> None:
    template = parsed(file.read_text())
    for rule, (_, find) in RULES.items():
        assert not list(find(template)), rule
