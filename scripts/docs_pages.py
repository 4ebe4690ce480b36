"""The parts of the documentation that are written by the code itself, and MkDocs' hooks for them.

A page of ``docs/`` has marks such as ``<!-- generated: macros -->``; ``filled`` puts text in their
place. Some files outside of ``docs/``, README above all, are pages too; their links are turned into
links of the site. MkDocs calls the functions named ``on_...``, tests call ``filled``.
"""

import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import typer
import yaml
from msgspec.structs import fields

ROOT: Final = Path(__file__).resolve().parents[1]

PAGES: Final = ("README.md", "DECISIONS.md", "CHANGELOG.md", "CONTRIBUTING.md")
"""Pages of the site that are not in ``docs``; with them go all files of ``FOLDERS``."""

FOLDERS: Final = ("benchmarks", "data/nycflights13")

_MARK: Final = re.compile(r"^<!-- generated: ([\w ]+) -->$", re.MULTILINE)
_LINK: Final = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


def filled(text: str) -> str:
    """The text of a page with all that is generated; KeyError for a mark that nobody fills."""
    return _MARK.sub(lambda mark: _GENERATED[mark[1]](), text)


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are not in ``docs``."""
    # Only where the site is built; the tests have no MkDocs.
    from mkdocs.structure.files import File

    for path in _outside():
        source = str(ROOT / path)
        files.append(File.generated(config, path, abs_src_path=source))
    return files


# MkDocs calls its hooks by the names of all their arguments, used or not.
def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:  # noqa: ARG001
    """Fill a page in, and turn its links to files of the repository into links of the site."""
    here = page.file.src_uri
    known = {file.src_uri for file in files}
    outside = here in _outside()

    def link(found: re.Match[str]) -> str:
        image, text, target = found.groups()
        if "://" in target or target.startswith("#"):
            return found[0]
        path, hash_sign, anchor = target.partition("#")
        folder = posixpath.dirname(here if outside else f"docs/{here}")
        aim = posixpath.normpath(posixpath.join(folder, path)).removeprefix("docs/")
        if aim not in known:
            return str(text)
        way = posixpath.relpath(aim, posixpath.dirname(here) or ".")
        return f"{image}[{text}]({way}{hash_sign}{anchor})"

    return _LINK.sub(link, filled(markdown))


def on_page_content(html: str, page: Any, config: Any, files: Any) -> str:  # noqa: ARG001
    """Docstrings announce a block by ``::``, which Markdown shows as it is."""
    return html.replace("::</p>", ":</p>")


def _outside() -> list[str]:
    """Paths of the pages that are not in ``docs``, and of the pictures on them."""
    found = [file for folder in FOLDERS for file in (ROOT / folder).rglob("*")]
    pages = [file for file in found if file.suffix in (".md", ".svg")]
    return [*PAGES, *sorted(str(file.relative_to(ROOT)) for file in pages)]


def _macros() -> str:
    sections: list[str] = []
    for file in sorted((ROOT / "macros").glob("*/_macros.yml")):
        for macro in _described(file):
            rows = [
                f"| `{one['name']}` | `{one['type']}` | {_cell(one['description'])} |"
                for one in macro.get("arguments", [])
            ]
            head = ["| argument | type | what it is |", "|---|---|---|"] if rows else []
            table = "\n".join([*head, *rows])
            sections.append(f"## {macro['name']}\n\n{macro['description'].strip()}\n\n{table}")
    return "\n\n".join(sections)


def _tests() -> str:
    return "\n\n".join(
        f"## {macro['name'].removeprefix('test_')}\n\n{macro['description'].strip()}"
        for macro in _described(ROOT / "tests/generic/_generic.yml")
    )


def _described(file: Path) -> Iterator[dict[str, Any]]:
    for macro in yaml.safe_load(file.read_text())["macros"]:
        if not macro["name"].startswith("_"):
            yield macro


def _command_line() -> str:
    from feature_warehouse.cli.app import app

    root: Any = typer.main.get_command(app)
    context: Any = typer.Context(root.commands["status"])
    shared = [one for one in context.command.params if one.rich_help_panel]
    names = {one.name for one in shared}
    sections = [_command(name, command, names) for name, command in _commands("", root)]
    return "\n\n".join([*sections, "## Options of all commands", _parameters(shared, context)])


def _commands(prefix: str, group: Any) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(f"{prefix}{name} ", command)
        else:
            yield f"{prefix}{name}", command


def _command(name: str, command: Any, shared: set[str]) -> str:
    context = typer.Context(command)
    usage = " ".join(["feature-warehouse", name, *command.collect_usage_pieces(context)])
    own = [one for one in command.params if one.name not in shared]
    parts = [f"## {name}", f"`{usage}`", command.help.strip(), _parameters(own, context)]
    if len(own) < len(command.params):
        parts.append("And the [options of all commands](#options-of-all-commands).")
    return "\n\n".join(parts)


def _parameters(parameters: list[Any], context: Any) -> str:
    rows = [one.get_help_record(context) for one in parameters]
    return _table("option or argument", [(f"`{name}`", text) for name, text in rows])


def _metrics() -> str:
    from feature_warehouse.monitoring import drift_report, prometheus, status

    # A family is printed if it has a sample: one of each.
    view: dict[str, Any] = {
        field.name: "" if field.type is str else 1 for field in fields(status.ViewStatus)
    }
    results = {
        "metadata": {"clock": "2013-12-31"},
        "results": [{"view": "x", "gate": {"status": "passed", "warnings": []}, **_MEASURED}],
        "services": [{"service": "x"}],
    }
    services = [status.ServiceStatus("", "", 1)]
    logs = [status.LoggedStatus("", 0, 0, 0)]
    measured = drift_report.FeatureDrift("", "", "", "ok", "", source="labels")
    text = prometheus.exposition(
        status.Status("", "", [status.ViewStatus(**view)], services, {}, {"": 0}, logs),
        results,
        {"": ("2013-12-31", {"wrong": 0})},
        [drift_report.DriftReport("", "", "", "", (measured,), measured_at="2013-12-31")],
    )
    found = re.findall(r"^# HELP (\S+) (.*)$", text, re.MULTILINE)
    return _table("family", [(f"`{name}`", described) for name, described in found])


def _server_metrics() -> str:
    from feature_warehouse.server.families import FAMILIES, PREFIX

    rows = [
        (f"`{PREFIX}{name}`", f"{one.kind}{_labels(one.labels)}. {one.meaning}")
        for name, one in FAMILIES.items()
    ]
    return _table("family", rows)


def _labels(names: tuple[str, ...]) -> str:
    return f" by {', '.join(names)}" if names else ""


def _problems() -> str:
    from feature_warehouse.server.problems import CODES

    rows = [f"| `{code}` | {status} | {_cell(when)} |" for code, (status, when) in CODES.items()]
    return "\n".join(["| code | HTTP status | when |", "|---|---:|---|", *rows])


_MEASURED: Final = {"seconds": 1, "rows_written": 1, "rows_read": 1}


_LANGUAGES: Final = {".py": "python", ".sh": "shell", ".yml": "yaml", ".yaml": "yaml", "": "text"}
_NAMED: Final = {"Containerfile": "docker"}


def _recipes() -> str:
    folder = ROOT / "recipes"
    files = sorted(
        file for file in folder.rglob("*") if file.suffix in _LANGUAGES and file.is_file()
    )
    return "\n\n".join(
        f"### {file.relative_to(folder)}\n\n```{_NAMED.get(file.name) or _LANGUAGES[file.suffix]}"
        f"\n{file.read_text()}```"
        for file in files
    )


def _table(first: str, rows: list[tuple[str, str]]) -> str:
    lines = [f"| {_cell(name)} | {_cell(text)} |" for name, text in rows]
    return "\n".join([f"| {first} | what it is |", "|---|---|", *lines])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


_GENERATED: Final[dict[str, Callable[[], str]]] = {
    "macros": _macros,
    "tests": _tests,
    "command line": _command_line,
    "metrics": _metrics,
    "server metrics": _server_metrics,
    "problems": _problems,
    "recipes": _recipes,
}
