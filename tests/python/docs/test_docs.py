"""The documents name what there is: every key, argument, rule, page and link.

Nothing of MkDocs is installed here; `make docs` builds the site, with warnings as errors.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs_pages import filled
from feature_warehouse.cli import app
from feature_warehouse.declarations import registry
from feature_warehouse.monitoring import prometheus
from harness.support import ROOT

PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "benchmarks").rglob("*.md"),
        ROOT / "data/nycflights13/README.md",
    ]
)
RULE = re.compile(r"\brules? (\d+)", re.IGNORECASE)
FORMER = re.compile(r"\blaws? \d", re.IGNORECASE)


def test_the_keys_of_a_feature_view_are_documented() -> None:
    documented = keys_under("## Feature view")
    assert documented == set(registry._ViewBlock.__struct_fields__)
    assert documented == known_keys("declarations/_mistakes.sql", "_feature_view_mistakes")


def test_the_keys_of_a_label_set_are_documented() -> None:
    assert keys_under("## Label set") == known_keys(
        "declarations/_label_set_mistakes.sql", "_label_set_mistakes"
    )


def test_the_keys_of_drift_are_documented() -> None:
    defaults = body_of("declarations/_drift_defaults.sql", "_drift_defaults")
    assert keys_under("### Drift") == {*re.findall(r"'(\w+)':", defaults), "features"}


def test_the_arguments_of_a_training_set_are_documented() -> None:
    source = (ROOT / "macros/training_sets/training_set.sql").read_text()
    declared = re.findall(r"(\w+)(?:=[^,)]+)?[,\n]", source.partition("(")[2].partition(")")[0])
    tables = list(tables_under("## Training set"))
    assert tables[0] == set(declared)
    assert tables[1] == known_keys("training_sets/_service_parts.sql", "_service_part_mistakes")
    assert tables[2] == known_keys("training_sets/_served.sql", "_served_mistakes")
    assert tables[3] == known_keys("training_sets/_splits.sql", "_split_mistakes")


def test_the_arguments_of_window_features_are_documented() -> None:
    source = (ROOT / "macros/window_features/window_features.sql").read_text()
    declared = re.findall(r"(\w+)(?:=[^,)]+)?[,\n]", source.partition("(")[2].partition(")")[0])
    arguments, aggregate, window = tables_under("## Window view")
    assert arguments == set(declared)
    source = (ROOT / "macros/internal/windows/_window_aggregates.sql").read_text()
    [options] = re.findall(r"set options = \[(.*?)\]", source)
    assert aggregate == set(re.findall(r"'(\w+)'", options))
    assert window == known_keys("windows/_window_names.sql", "_windows")
    described = (ROOT / "macros/window_features/_macros.yml").read_text()
    assert set(re.findall(r"^      - name: (\w+)$", described, re.MULTILINE)) == set(declared)


@pytest.mark.parametrize(
    "file", sorted((ROOT / "tests/generic").glob("*.sql")), ids=lambda file: file.stem
)
def test_the_arguments_of_the_generic_tests_are_documented(file: Path) -> None:
    match = re.search(r"{% test (\w+)\((.*?)\)", file.read_text(), re.DOTALL)
    assert match
    name, arguments = match.groups()
    declared = {argument.partition("=")[0].strip() for argument in arguments.split(",")}
    [row] = re.findall(rf"^\| `{name}` \|.*?\|(.*)\|$", section("## Tests"), re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", row)) == declared - {"model", "column_name"}


def test_the_page_on_training_sets_lists_every_generic_test() -> None:
    text = (ROOT / "docs/how-to/training-sets.md").read_text()
    table = text.partition("| test | on | fails for |")[2].partition("\n\n")[0]
    listed = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert sorted(listed) == sorted(file.stem for file in (ROOT / "tests/generic").glob("*.sql"))


def test_every_rule_that_is_cited_exists() -> None:
    rules = re.findall(r"^### Rule (\d+)", (ROOT / "docs/rules.md").read_text(), re.MULTILINE)
    assert rules == [str(number) for number in range(1, len(rules) + 1)]
    texts = {file: file.read_text() for file in citing() if file.name != Path(__file__).name}
    cited = {number for text in texts.values() for number in RULE.findall(text)}
    assert cited
    assert cited <= set(rules)
    assert not [file for file, text in texts.items() if FORMER.search(text)]


def test_where_each_rule_is_kept() -> None:
    text = (ROOT / "docs/rules.md").read_text()
    table = text.partition("\n## Where each rule is kept\n")[2]
    rows = re.findall(r"^\| (\d+) \|", table, re.MULTILINE)
    assert rows == re.findall(r"^### Rule (\d+)", text, re.MULTILINE)
    assert_named_code_exists(table.partition("|---:|")[2])


def test_what_contributing_names_exists() -> None:
    assert_named_code_exists((ROOT / "CONTRIBUTING.md").read_text())


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().split()) <= 800


def test_the_site_has_every_page_of_the_docs() -> None:
    listed = re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    assert len(listed) == len(set(listed))
    docs = ROOT / "docs"
    assert {str(page.relative_to(docs)) for page in docs.rglob("*.md")} <= set(listed)
    for page in listed:
        assert (docs / page).exists() or (ROOT / page).exists(), page


def test_every_public_macro_is_documented() -> None:
    found = {
        name
        for file in (ROOT / "macros").glob("*/*.sql")
        for name in re.findall(r"{%-? macro (?:\w+__)?([a-z]\w*)\(", file.read_text())
    }
    assert headings("macros") == found


def test_every_generic_test_is_documented() -> None:
    assert headings("generic-tests") == {
        file.stem for file in (ROOT / "tests/generic").glob("*.sql")
    }


def test_every_command_and_option_is_documented() -> None:
    page = filled((ROOT / "docs/reference/command-line.md").read_text())
    commands = {str(getattr(each.callback, "__name__", "")) for each in app.app.registered_commands}
    assert "materialize" in commands
    assert {name.replace("_", "-") for name in commands} <= headings("command-line")
    for option in ("--as-of", "--full-refresh", "--redis-url", "--json", "--features"):
        assert re.search(rf"^\| `[^`]*{option}\b", page, re.MULTILINE), option


def test_every_metric_is_documented() -> None:
    page = filled((ROOT / "docs/reference/metrics.md").read_text())
    source = Path(prometheus.__file__).read_text()
    names = re.findall(r'_family\(\s*"(\w+)"|^    \(\s*"(view_\w+)"', source, re.MULTILINE)
    assert names
    for name in names:
        assert f"| `feature_warehouse_{''.join(name)}` |" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", filled(page.read_text()))
    for link in links:
        if "://" in link:
            continue
        target, _, anchor = link.partition("#")
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), link
        if anchor:
            assert anchor in anchors(file), link


def assert_named_code_exists(text: str) -> None:
    """Every file that is named, and what is named as being in it."""
    tree = ("macros", "models", "python", "tests", "docs", "scripts")
    files = [file for folder in tree for file in (ROOT / folder).rglob("*.*")]
    files += [file for file in ROOT.iterdir() if file.is_file()]

    def defines(name: str, symbol: str) -> bool:
        found = re.compile(
            rf"^(?:async def |def |class |{{%-? macro )?{symbol}(?=[(:]| =)", re.MULTILINE
        )
        return any(found.search(file.read_text()) for file in files if is_of(file, name))

    named = re.findall(r"`([\w./-]+\.(?:py|sql|yml|md|toml))`", text)
    assert len(named) > 20
    missing = [name for name in named if not any(is_of(file, name) for file in files)]
    for symbols, name in re.findall(r"((?:`\w+`(?: and |, )?)+) (?:in|of) `([\w./]+)`", text):
        missing += [one for one in re.findall(r"`(\w+)`", symbols) if not defines(name, one)]
    for name, symbols in re.findall(r"`([\w./]+\.py)` \((`[^)]*`)\)", text):
        missing += [one for one in re.findall(r"`(\w+)`", symbols) if not defines(name, one)]
    assert missing == []


def is_of(file: Path, name: str) -> bool:
    return f"/{file.as_posix()}".endswith(f"/{name}")


def citing() -> Iterator[Path]:
    """The files that may cite a rule."""
    yield ROOT / "Makefile"
    yield from ROOT.glob("*.md")
    for folder in ("python", "macros", "models", "tests", "docs", "benchmarks", "scripts"):
        for ending in ("*.py", "*.sql", "*.yml", "*.md"):
            yield from (ROOT / folder).rglob(ending)


def headings(reference: str) -> set[str]:
    """The headings of a page that is generated."""
    text = filled((ROOT / "docs/reference" / f"{reference}.md").read_text())
    return set(re.findall(r"^## (.*)$", text, re.MULTILINE))


def anchors(page: Path) -> set[str]:
    found = re.findall(r"^#+ (.*)$", filled(page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


def section(heading: str) -> str:
    """The text under a heading of the reference, up to the next one."""
    text = (ROOT / "docs/reference/declarations.md").read_text()
    return re.split(r"^#+ ", text.partition(f"\n{heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def tables_under(heading: str) -> Iterator[set[str]]:
    for table in re.split(r"^\|---.*$", section(heading), flags=re.MULTILINE)[1:]:
        yield set(re.findall(r"^\| `(\w+)` \|", table.split("\n\n")[0], re.MULTILINE))


def keys_under(heading: str) -> set[str]:
    [keys] = tables_under(heading)
    return keys


def body_of(file: str, macro: str) -> str:
    source = (ROOT / "macros/internal" / file).read_text()
    return source.partition(f"macro {macro}(")[2].partition("{%- endmacro %}")[0]


def known_keys(file: str, macro: str) -> set[str]:
    """The keys that a macro lets pass."""
    match = re.search(
        r"_unknown_keys\(\s*\w+(?:\.\w+)?, \[(.*?)\]", body_of(file, macro), re.DOTALL
    )
    assert match
    return set(re.findall(r"'(\w+)'", match[1]))
