"""The commands for the log of requests."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from feature_warehouse.cli.options import Json, Place, Wait, required

if TYPE_CHECKING:
    from feature_warehouse.request_log.descriptions import Description

__all__ = ["drain", "explain", "requests"]


def requests(
    place: Place,
    service: Annotated[
        str | None,
        typer.Argument(help="A published service; the publication log if none."),
    ] = None,
    as_yaml: Annotated[
        bool, typer.Option("--yaml", help="Print a dbt source instead of the DDL.")
    ] = False,
    hashed: Annotated[
        bool, typer.Option("--hashed", help="Personal data is hashed in the log (`pii_key`).")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print the DDL of the table that a service's logged requests are drained into."""
    import msgspec

    from feature_warehouse.draining.publications import PUBLICATIONS_IN_DBT
    from feature_warehouse.draining.tables import create_statement, layout_of, source_yaml
    from feature_warehouse.engines import engine_of
    from feature_warehouse.engines.appending import relation_of

    profile = place.dbt(wait=False).profile
    dialect, schema = engine_of(profile.adapter).DIALECT, str(profile.credentials.schema)
    table, text, columns, key = _table(place, service, hashes=hashed)
    relation = relation_of(profile.credentials, table)
    statement = create_statement(relation, layout_of(columns, dialect), key)
    name = "" if service else PUBLICATIONS_IN_DBT
    source = source_yaml(table, text, columns, key, dialect, schema, name)
    if as_json:
        found = {"table": relation, "sql": statement, "yaml": source}
        print(msgspec.json.encode(found).decode())
    else:
        sys.stdout.write(source if as_yaml else f"{statement};\n")


def _table(place: Place, service: str | None, *, hashes: bool) -> tuple[Any, ...]:
    """The name, the description, the columns and the key of a table."""
    from feature_warehouse.draining import publications
    from feature_warehouse.draining.tables import table_of
    from feature_warehouse.request_log.tables import Decoder

    if service is None:
        text = "What each run of `feature-warehouse materialize` has put in service."
        return (
            publications.PUBLICATIONS,
            text,
            publications.PUBLICATION_COLUMNS,
            publications.PUBLICATION_KEY,
        )
    description = _described(place, service, hashes=hashes)
    name, decoder = description.service.service, Decoder(description)
    text = f"What service {name} served, a row for each entity of each request."
    return table_of(name), text, decoder.columns, decoder.key


def _described(place: Place, service: str, *, hashes: bool) -> "Description":
    """What a reader would write today. Raises UsageError for what is no service."""
    from feature_warehouse.errors import UsageError
    from feature_warehouse.redis_store.connection import connect, reachable
    from feature_warehouse.redis_store.find import resolve_names
    from feature_warehouse.request_log.descriptions import narrowed
    from feature_warehouse.serving.exchange import result_of
    from feature_warehouse.serving.plan import load_plan

    client = connect(required(place.redis_url), socket_connect_timeout=5.0, socket_timeout=30.0)
    with reachable(client):
        names = resolve_names(client, *place.store)
        plan = result_of(client, load_plan(names, service), bare=False)
    if plan.service is None:
        raise UsageError(f"{service!r} is a feature view; only reads of services are logged")
    clocks = [part.clock for part in plan.parts]
    return narrowed(names, plan.service, plan.generations, clocks, hashes=hashes)


def drain(
    place: Place,
    service: Annotated[
        list[str] | None,
        typer.Argument(help="Services; if none, all that have a log, and the publication log."),
    ] = None,
    create: Annotated[
        bool, typer.Option("--create", help="Create tables and columns that are missing.")
    ] = False,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Move logged requests, and what runs have published, from Redis into the warehouse."""
    from feature_warehouse.draining.drain import Drain, logging_services
    from feature_warehouse.engines import engine_of
    from feature_warehouse.publishing.ownership import refuse_another
    from feature_warehouse.redis_store.connection import connect, reachable
    from feature_warehouse.redis_store.find import resolve_names

    client = connect(required(place.redis_url), socket_connect_timeout=5.0, socket_timeout=30.0)
    with reachable(client):
        names = resolve_names(client, *place.store)
    services = list(service or []) or logging_services(client, names)
    project = place.dbt(wait=wait)
    dialect = engine_of(project.profile.adapter).DIALECT
    schema = str(project.profile.credentials.schema)
    results: list[Any] = []
    # What is drained is deleted: nobody else's warehouse may have it.
    with project.open_warehouse() as warehouse, reachable(client):
        refuse_another(client, names, warehouse, keep=False)
    with project.open_tables() as tables:
        work = Drain(client, names, tables, dialect, create=create)
        for name in services:
            results.append(work.service(name))
            _print_drained(results[-1], schema, as_json=as_json)
        if not service:
            results.append(work.publications())
            _print_drained(results[-1], schema, as_json=as_json)
    _end(results, as_json=as_json)


def _print_drained(result: Any, schema: str, *, as_json: bool) -> None:
    what = result.service or "the publication log"
    if result.status == "error":
        print(f"feature-warehouse: {what}: {result.message}", file=sys.stderr)
    if not as_json and (result.messages or result.status != "error"):
        known = f", {result.rows_known:,} were there already" if result.rows_known else ""
        print(
            f"drained {what}: {result.rows:,} rows into {schema}.{result.table}{known}",
            flush=True,
        )


def _end(results: list[Any], *, as_json: bool) -> None:
    import msgspec

    if as_json:
        print(msgspec.json.encode({"results": results}).decode())
    raise SystemExit(max((result.exit_code for result in results), default=0))


def explain(
    place: Place,
    request: Annotated[str, typer.Argument(help="The id of a request.", show_default=False)],
    service: Annotated[
        str | None, typer.Option(help="Its service; by default all are searched.")
    ] = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Show what a logged request was served, and where each value came from.

    It reads the warehouse, where `drain` has put the request.
    """
    import msgspec

    from feature_warehouse.cli.output.requests import print_explained
    from feature_warehouse.declarations.registry import read_registry
    from feature_warehouse.draining.explain import explain as find

    registry = read_registry(place.manifest)
    project = place.dbt(wait=wait)
    with project.open_warehouse() as warehouse:
        found = find(registry, warehouse, project.profile.credentials, request, service)
    if as_json:
        print(msgspec.json.encode({"entities": found}, enc_hook=str).decode())
    else:
        print_explained(found)
