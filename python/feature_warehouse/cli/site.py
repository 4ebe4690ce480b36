"""The command that writes a site of all features."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from feature_warehouse.cli.options import Json, Place, Wait

__all__ = ["site"]


def site(
    place: Place,
    to: Annotated[Path, typer.Option(help="Folder to write to: an empty one, or that of a site.")],
    also: Annotated[
        list[Path] | None,
        typer.Option(help="Target folder of another dbt project that the site has too."),
    ] = None,
    no_warehouse: Annotated[
        bool, typer.Option("--no-warehouse", help="Leave out statistics and cards.")
    ] = False,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Write a static site of all features: what they are, who uses them, how they fare.

    It shows what there is: dbt's manifest and test results, gate and drift reports of the target
    folder, statistics and cards in the warehouse, and freshness where a Redis is named.
    """
    import msgspec

    from feature_warehouse.site.build import build_site
    from feature_warehouse.site.read import read_project

    now = time.time_ns() // 1000
    client = _client(place)
    projects = [
        read_project(
            place.manifest,
            now,
            warehouse=None if no_warehouse else lambda: place.dbt(wait=wait).open_warehouse(),
            client=client,
            environment=place.store[1],
        )
    ]
    projects += [read_project(each / "manifest.json", now, client=client) for each in also or ()]
    built = build_site(projects, to)
    for note in built.notes:
        typer.echo(f"feature-warehouse: warning: {note}", err=True)
    if as_json:
        print(msgspec.json.encode(built, enc_hook=str).decode())
        return
    for one in built.problems:
        print(f"{one.what:14}  {one.kind} {one.name}: {one.detail}")
    print(f"wrote {built.pages:,} pages: {built.index}")


def _client(place: Place) -> Any:
    """A client of the Redis that is named; None where none is."""
    from feature_warehouse.redis_store.connection import connect

    if not place.redis_url:
        return None
    return connect(place.redis_url, socket_connect_timeout=5.0, socket_timeout=30.0)
