"""The command that tells what a change would do, before it is merged."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feature_warehouse.cli.options import Json, Place
from feature_warehouse.errors import UsageError

if TYPE_CHECKING:
    from feature_warehouse.planning.in_service import InService
    from feature_warehouse.planning.project import Project

__all__ = ["plan"]


def plan(
    place: Place,
    against: Annotated[
        Path,
        typer.Option(
            help="Manifest of what is in production, or the folder it lies in.", show_default=False
        ),
    ],
    allow: Annotated[
        list[str] | None,
        typer.Option(help="A view or service that may break its readers.", metavar="NAME"),
    ] = None,
    as_json: Json = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print a comment for a pull request.")
    ] = False,
) -> None:
    """Show what the project as it is now changes for readers; exit code 1 if it breaks one.

    Compares two manifests and needs no warehouse. With a Redis address, also what is in service.
    """
    from feature_warehouse.cli.output.plans import print_plan
    from feature_warehouse.planning.compare import compare
    from feature_warehouse.planning.project import Project, manifest_in

    if as_json and as_markdown:
        raise UsageError("--json and --markdown are two forms of one answer; choose one")
    before = Project(manifest_in(against))
    after = Project(place.manifest, place.project_dir)
    found = compare(before, after, in_service=_in_service(place, before), allowed=allow or ())
    print_plan(found, form="json" if as_json else "markdown" if as_markdown else "text")
    raise SystemExit(1 if found.refused else 0)


def _in_service(place: Place, before: "Project") -> "InService | None":
    """What the environment of the other manifest has in service, unless another one is named."""
    from feature_warehouse.planning.in_service import read_in_service
    from feature_warehouse.redis_store.connection import connect

    if not place.redis_url:
        return None
    noted = before.registry.written_for
    environment = place.environment or (noted.target if noted else None)
    client = connect(place.redis_url, socket_connect_timeout=5.0, socket_timeout=30.0)
    return read_in_service(client, before.registry.project, environment)
