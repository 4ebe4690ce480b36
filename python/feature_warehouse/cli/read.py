"""The commands that only read, and a server to try them on."""

import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from feature_warehouse.cli.options import (
    Json,
    Place,
    instant,
    pairs,
    required,
)
from feature_warehouse.errors import UnreachableError

__all__ = ["describe", "dev_server", "get", "metrics", "status"]


def status(
    place: Place,
    as_json: Json = False,
) -> None:
    """Show what is published: rows, newest event, freshness, memory, last run, generation."""
    from feature_warehouse.cli.output.tables import print_status
    from feature_warehouse.monitoring.status import read_status
    from feature_warehouse.redis_store.connection import connect

    client = connect(required(place.redis_url), socket_connect_timeout=5.0, socket_timeout=30.0)
    print_status(read_status(client, *place.store), as_json=as_json)


def metrics(
    place: Place,
    output: Annotated[
        Path | None,
        typer.Option(help="Write to this file, whole or not at all, for the textfile collector."),
    ] = None,
) -> None:
    """Print what is published and how the last run went, as Prometheus text.

    The last run is read from target/materialize_results.json, if there is one, and what was last
    found out about drift and skew from target/drift and target/skew.
    """
    from feature_warehouse.monitoring.drift_report import read_reports as read_drifts
    from feature_warehouse.monitoring.prometheus import exposition
    from feature_warehouse.monitoring.status import read_status
    from feature_warehouse.publishing.run_results import read_results
    from feature_warehouse.redis_store.connection import connect
    from feature_warehouse.skew.report import read_reports
    from feature_warehouse.util.files import replacing

    client = connect(required(place.redis_url), socket_connect_timeout=5.0, socket_timeout=30.0)
    results = read_results(place.artifacts / "materialize_results.json")
    folder = place.artifacts / "skew"
    skews = {one.service: (one.measured_at, one.totals()) for one in read_reports(folder)}
    drifts = read_drifts(place.artifacts / "drift")
    text = exposition(read_status(client, *place.store), results, skews, drifts)
    if output is None:
        sys.stdout.write(text)
        return
    with replacing(output) as file:
        file.write_text(text, encoding="utf-8")


def get(
    place: Place,
    name: Annotated[str, typer.Argument(help="A service or a feature view.", show_default=False)],
    entity: Annotated[
        list[str] | None,
        typer.Argument(
            help="Entity keys, such as origin=JFK, and columns that on-demand features need.",
            metavar="[KEY=VALUE]...",
        ),
    ] = None,
    expect: Annotated[str | None, typer.Option(help="Fingerprint that the model needs.")] = None,
    at: Annotated[
        str | None, typer.Option(help="ISO instant at which the ttl is measured.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Read one feature vector."""
    from feature_warehouse.cli.output.tables import print_vector
    from feature_warehouse.codec.texts import read_typed
    from feature_warehouse.on_demand.forms import stored_type_of
    from feature_warehouse.serving.client import OnlineStore

    texts = pairs(entity or [])
    project, environment = place.store
    with OnlineStore.from_url(
        required(place.redis_url),
        project=project,
        environment=environment,
        mark_reads=False,
        socket_timeout=5.0,
    ) as store:
        types, columns = store.entity_keys(name), store.request_columns(name)
        values = {
            key: read_typed(f"request column {key!r}", text, stored_type_of(columns[key]))
            if key in columns
            else read_typed(f"entity key {key!r}", text, types.get(key, "string"))
            for key, text in texts.items()
        }
        vector = store.get(name, values, expect=expect, at=instant(at) if at else None)
        print_vector(name, values, vector, store.fingerprint(name), as_json=as_json)


def describe(
    place: Place,
    name: Annotated[
        str,
        typer.Argument(
            help="A feature view, a feature, a service, or the join keys of an entity.",
            show_default=False,
        ),
    ],
    as_json: Json = False,
) -> None:
    """Show what dbt's manifest says about a name, with SQL and Python to copy."""
    from feature_warehouse.catalog.describe import describe as find
    from feature_warehouse.cli.output.descriptions import print_descriptions
    from feature_warehouse.declarations.registry import read_registry

    registry = read_registry(place.manifest)
    print_descriptions(find(registry, name), as_json=as_json)


def dev_server(
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port on 127.0.0.1; 0 takes a free one.")
    ] = 0,
) -> None:
    """Run the bundled Valkey server until Ctrl-C. It keeps no data and serves this machine only."""
    from feature_warehouse.dev.servers import local_valkey

    with local_valkey(port=port or None) as server:
        print(f"REDIS_URL={server.url}", flush=True)
        print("Ctrl-C stops the server and deletes its data.", file=sys.stderr, flush=True)
        while _alive(server.pid):
            time.sleep(0.2)
    raise UnreachableError("the server has stopped; start it again")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
