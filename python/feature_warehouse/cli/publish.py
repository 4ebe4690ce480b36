"""The commands that need both the dbt project and Redis: publish, compare, take back, erase."""

from pathlib import Path
from typing import Annotated

import typer

from feature_warehouse.cli.options import (
    Exclude,
    Json,
    Place,
    Select,
    Selector,
    State,
    Wait,
    instant,
    pairs,
    required,
)
from feature_warehouse.cli.pruning import Keep, Prune, Pruner, UnreadDays, Yes
from feature_warehouse.errors import FeatureWarehouseError

__all__ = ["forget", "materialize", "rollback", "verify"]


def materialize(
    place: Place,
    as_of: Annotated[
        str | None,
        typer.Option(
            help="Use this ISO instant as the current time, for this run and for readers."
        ),
    ] = None,
    select: Select = None,
    exclude: Exclude = None,
    selector: Selector = None,
    state: State = None,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Build new generations of all views.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and why; change nothing.")
    ] = False,
    prune: Prune = False,
    yes: Yes = False,
    keep: Keep = None,
    unread_days: UnreadDays = None,
    take_over: Annotated[
        bool,
        typer.Option(
            "--take-over",
            help="Publish where another warehouse did, and own the store from now on.",
        ),
    ] = False,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Publish the newest row of every entity of every online feature view.

    Writes only changes if it can tell what changed. Otherwise it builds a new copy of the view
    beside the old one, and then puts it in service as a whole. If a view declares expectations,
    nothing of it is written unless they are met; if one fails, the exit code is 1.

    With --prune, but without --yes and a terminal to ask at, what would be removed is listed, and
    the exit code is 2.
    """
    from feature_warehouse.cli.context import Site
    from feature_warehouse.cli.output.runs import MaterializeReport
    from feature_warehouse.publishing.materialize import Materialization
    from feature_warehouse.publishing.run_plan import Clock
    from feature_warehouse.util.files import cleared
    from feature_warehouse.validation.gate import Gate

    required(place.redis_url)
    pruner = Pruner(prune, yes, keep, unread_days)
    clock = Clock.at(instant(as_of)) if as_of else Clock.real()
    site = Site(place, wait=wait)
    selected = site.selected(select, exclude, selector, state)
    results = site.project.target_path / "materialize_results.json"
    if not dry_run:
        cleared(results)
    gate = Gate(site.project.target_path / "validation")
    run = Materialization(
        site.registry,
        site.client,
        environment=site.environment,
        clock=clock,
        wait=wait,
        full_refresh=full_refresh,
        selected=selected,
        gate=gate,
    )
    report = MaterializeReport(
        site.registry,
        site.environment,
        clock,
        as_json=as_json,
        dry_run=dry_run,
        all_views=selected is None,
    )
    with report, site.project.open_warehouse() as warehouse:
        site.refuse_another_warehouse(warehouse, keep=not dry_run, take_over=take_over)
        for warning in run.warnings():
            report.warning(warning)
        if dry_run:
            for result in run.preview(warehouse):
                report.view(result)
            pruner.preview(run, report)
            report.finish()
            raise SystemExit(report.exit_code)
        try:
            for result in run.views(warehouse, report.progress):
                report.view(result)
            for service in run.services(warehouse):
                report.service(service)
        except FeatureWarehouseError:
            report.write(results, gate.index)
            raise
    try:
        # Without the warehouse: a person may take a while to answer.
        pruner.carry_out(run, report)
    finally:
        report.write(results, gate.index)
    raise SystemExit(report.exit_code)


def verify(
    place: Place,
    select: Select = None,
    exclude: Exclude = None,
    selector: Selector = None,
    state: State = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Compare this many entities of each view.")
    ] = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Compare Redis with the warehouse, row by row; exit code 1 on any difference.

    And what readers are told of services, such as expressions, with what is declared.
    """
    from feature_warehouse.cli.context import Site
    from feature_warehouse.cli.output.tables import VerifyReport
    from feature_warehouse.publishing.verify import stopped_by_gate
    from feature_warehouse.publishing.verify import verify as compare

    required(place.redis_url)
    site = Site(place, wait=wait)
    stopped = stopped_by_gate(site.project.target_path / "materialize_results.json", site.names)
    report = VerifyReport(as_json=as_json)
    with site.project.open_warehouse() as warehouse:
        site.refuse_another_warehouse(warehouse)
        for result in compare(
            site.registry,
            site.client,
            site.names,
            warehouse,
            selected=site.selected(select, exclude, selector, state),
            sample=sample,
            stopped=stopped,
        ):
            report.add(result)
    report.finish()
    raise SystemExit(report.exit_code)


def forget(
    place: Place,
    entity: Annotated[
        list[str],
        typer.Argument(help="Join keys, such as customer_id=42.", metavar="KEY=VALUE..."),
    ],
    log_folder: Annotated[
        list[Path] | None,
        typer.Option(help="Folder that a request log writes Parquet files to.", metavar="FOLDER"),
    ] = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Erase an entity from Redis and from logged requests.

    From every generation of every view with these join keys, from the streams of request logs, and
    from the tables that `drain` fills. Refused with exit code 1 while the warehouse still holds
    rows of it in a view; also 1 if anything is left, or logged requests cannot be read. Exit code
    2, after erasing, if the warehouse could not be asked for a published view, a table could not
    be changed, or the log has hashes and FEATURE_WAREHOUSE_LOG_KEY, their secret, is not set.
    Lists other places that may hold the entity.
    """
    from feature_warehouse.cli.context import Site
    from feature_warehouse.cli.erasing import LogErasure
    from feature_warehouse.cli.output.remains import models_built_from, print_forgotten
    from feature_warehouse.declarations.manifest import read_manifest
    from feature_warehouse.publishing.forget import forget as erase
    from feature_warehouse.redis_store.connection import reachable
    from feature_warehouse.redis_store.replicas import kept

    values = pairs(entity)
    required(place.redis_url)
    site = Site(place, wait=wait)
    with (
        site.project.open_warehouse() as warehouse,
        reachable(site.client),
        kept(site.client),
    ):
        site.refuse_another_warehouse(warehouse)
        log = LogErasure(site, values, wait=wait)
        forgotten = erase(
            *(site.registry, site.client, site.names, warehouse, values),
            wait=wait,
            is_logged=log.is_logged,
        )
        log.erase_from_streams(warehouse, forgotten.texts)
    log.erase_from_tables()
    log.erase_from_folders(log_folder or [])
    models = models_built_from(read_manifest(site.manifest), forgotten.views, log.relations)
    print_forgotten(forgotten, log, models, as_json=as_json)
    left = any(erasure.left for erasure in forgotten.erased)
    raise SystemExit(max(2 if forgotten.published else 0, 1 if left else 0, log.exit_code))


def rollback(
    place: Place,
    view: Annotated[str, typer.Argument(help="A feature view.", show_default=False)],
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Point readers at the generation before the one in service; never at a later one.

    The next `materialize` publishes the state of the warehouse again.
    """
    from feature_warehouse.cli.output.tables import print_rollback
    from feature_warehouse.publishing.generations import Generations
    from feature_warehouse.publishing.locks import locked
    from feature_warehouse.publishing.services import Services
    from feature_warehouse.redis_store.connection import connect, reachable
    from feature_warehouse.redis_store.find import resolve_names

    url = required(place.redis_url)
    client = connect(url, socket_connect_timeout=5.0, socket_timeout=30.0)
    with reachable(client):
        names = resolve_names(client, *place.store)
        services = Services(client, names)
        view = services.meant_by(view)
        with locked(client, names, view, wait=wait):
            parts = services.parts(view)
            print_rollback(Generations(client, names, view).roll_back(parts), as_json=as_json)
