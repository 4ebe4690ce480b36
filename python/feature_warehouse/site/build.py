"""The site written: pages, style sheet, script and search index in one folder."""

from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import msgspec

from feature_warehouse.errors import UsageError
from feature_warehouse.site.context import Context, in_parts
from feature_warehouse.site.health import problems_of, time_of
from feature_warehouse.site.home import SHOWN_PROBLEMS, TITLES, home
from feature_warehouse.site.model import Problem, Project
from feature_warehouse.site.pages import pages_of
from feature_warehouse.site.places import Places
from feature_warehouse.site.render import Frame, rendered
from feature_warehouse.site.search import scripts
from feature_warehouse.site.search_entries import entries_of
from feature_warehouse.util.files import replacing

__all__ = ["Built", "build_site"]

FILES: Final = "site-files.txt"
"""What the last build wrote, a path on each line: the next one removes what it does not write."""


class Built(msgspec.Struct, frozen=True):
    """What was written: the first page, how many pages, and what is unhealthy."""

    index: Path
    pages: int
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def build_site(projects: Sequence[Project], folder: Path) -> Built:
    """Write the pages of all projects, and remove those of an earlier build that are gone.

    UsageError if two projects have one name, if the folder holds something else than a site, or if
    it cannot be written.
    """
    names = [project.name for project in projects]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(f"project {twice[0]!r} is named twice; a site has one page for each name")
    before = _files_before(folder)
    contexts = [_context(project) for project in projects]
    entries = [entry for context in contexts for entry in entries_of(context)]
    index = list(scripts(entries))
    found = [one for context in contexts for ones in context.problems.values() for one in ones]
    worst = sorted(found, key=lambda one: one.order)
    frame = _frame(contexts, len(index))
    written: list[str] = []
    pages = 0
    for address, text in _content(contexts, worst, frame):
        _write(folder / address, text)
        written.append(address)
        pages += 1
    for address, text in [*index, *_static()]:
        _write(folder / address, text)
        written.append(address)
    _write(folder / FILES, "\n".join(sorted(written)) + "\n")
    _remove(folder, before - set(written))
    notes = tuple(note for project in projects for note in project.measured.notes)
    return Built(folder / "index.html", pages, tuple(worst), notes)


def _content(
    contexts: Sequence[Context], worst: Sequence[Problem], frame: Frame
) -> Iterator[tuple[str, str]]:
    for context in contexts:
        for address, template, values in pages_of(context):
            given = {**values, "title": _title(values)}
            yield address, rendered(address, template, frame, given)
    # The first page has them all, unless they are many.
    parts = in_parts(worst) if len(worst) > SHOWN_PROBLEMS else []
    addresses = ["health.html", *(f"health~{number}.html" for number in range(2, len(parts) + 1))]
    for number, (address, part) in enumerate(zip(addresses, parts, strict=False), 1):
        values = {
            "kind": "health", "title": "What needs a look", "project": frame.title, "rows": part,
            "count": len(worst), "number": number, "page_addresses": addresses,
        }  # fmt: skip
        yield address, rendered(address, "site/listing.html", frame, values)
    given = {"title": frame.title, **home(contexts, worst)}
    yield "index.html", rendered("index.html", "site/home.html", frame, given)


def _title(values: dict[str, Any]) -> str:
    if "kind" in values:
        return TITLES[values["kind"]]
    return f"{values['place'].name}, {values['place'].kind}"


def _context(project: Project) -> Context:
    places = Places(project.registry, project.graph)
    return Context(project, places, problems_of(project, places))


def _frame(contexts: Sequence[Context], shards: int) -> Frame:
    projects = [context.project for context in contexts]
    lists = [(title, contexts[0].places.listing(kind)) for kind, title in TITLES.items()]
    generated = ", ".join(
        f"{project.name} of {project.registry.generated_at:%Y-%m-%d %H:%M} UTC"
        for project in projects
    )
    return Frame(
        title=f"Features of {', '.join(project.name for project in projects)}",
        # Of several projects the first page has the lists.
        lists=lists if len(projects) == 1 else [],
        shards=shards,
        made=f"Built {time_of(projects[0].now)}; dbt's manifest of {generated}",
    )


def _static() -> Iterator[tuple[str, str]]:
    for name in ("style.css", "site.js"):
        yield name, (files("feature_warehouse") / "templates/site" / name).read_text("utf-8")


def _files_before(folder: Path) -> set[str]:
    """What an earlier build wrote. UsageError if the folder holds something else."""
    try:
        return set((folder / FILES).read_text("utf-8").split("\n")) - {""}
    except FileNotFoundError:
        if folder.is_dir() and any(folder.iterdir()):
            raise UsageError(
                f"{folder} holds files and no site; name an empty folder, or one of an earlier site"
            ) from None
        return set()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{folder / FILES} cannot be read: {error}") from None


def _write(file: Path, text: str) -> None:
    """Write what is new; what is as it was stays, for those who copy what has changed."""
    content = text.encode()
    try:
        if file.is_file() and file.read_bytes() == content:
            return
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror or error}") from None
    with replacing(file) as scratch:
        scratch.write_bytes(content)


def _remove(folder: Path, gone: set[str]) -> None:
    """Pages of things that are gone, and folders that are empty without them."""
    for address in gone:
        file = (folder / address).resolve()
        if folder.resolve() not in file.parents:
            continue
        file.unlink(missing_ok=True)
        for parent in file.parents:
            if parent == folder.resolve() or any(parent.iterdir()):
                break
            parent.rmdir()
