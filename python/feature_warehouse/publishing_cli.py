"""The commands that need both the dbt project and Redis: publish, compare, take back, erase."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from feature_warehouse.errors import FeatureWarehouseError
from feature_warehouse.options import (
    Environment,
    Exclude,
    Json,
    KeyEnvironment,
    ProfilesDir,
    Project,
    ProjectDir,
    RedisUrl,
    Select,
    Target,
    TargetPath,
    Wait,
    instant,
    pairs,
    required,
)

if TYPE_CHECKING:
    from feature_warehouse.warehouse import Warehouse

__all__ = ["Site", "forget", "materialize", "rollback", "verify"]


def materialize(
    redis_url: RedisUrl = None,
    project_dir: ProjectDir = Path(),
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    target_path: TargetPath = Path("target"),
    environment: KeyEnvironment = None,
    as_of: Annotated[
        str | None,
        typer.Option(help="Run, and let readers live, on a clock that stands at this ISO instant."),
    ] = None,
    select: Select = None,
    exclude: Exclude = None,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Build new generations, whatever changed.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and why; change nothing.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove what is published but no longer declared.")
    ] = False,
    take_over: Annotated[
        bool,
        typer.Option("--take-over", help="Publish where another warehouse did, and be its heir."),
    ] = False,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Publish the newest row of every entity of every online feature view.

    Only what changed is written, wherever that can be known; a new copy of a view is built beside
    the old one where it cannot, and put in service at once. Of a view that declares expectations
    nothing is written before they are met; with one that fails the exit code is 1.
    """
    from feature_warehouse.materialize import Materialization
    from feature_warehouse.quality.gate import Gate
    from feature_warehouse.reports import MaterializeReport
    from feature_warehouse.tasks import Clock

    url = required(redis_url)
    results = (project_dir / target_path).absolute() / "materialize_results.json"
    if not dry_run:
        results.unlink(missing_ok=True)
    clock = Clock.at(instant(as_of)) if as_of else Clock.real()
    site = Site(url, project_dir, profiles_dir, target, target_path, environment, wait)
    gate = Gate(site.project.target_path / "validation")
    run = Materialization(
        site.registry,
        site.client,
        environment=site.environment,
        clock=clock,
        wait=wait,
        full_refresh=full_refresh,
        selected=site.selected(select, exclude),
        gate=gate,
    )
    report = MaterializeReport(
        site.registry, site.environment, clock, as_json=as_json, dry_run=dry_run
    )
    with report, site.project.open_warehouse() as warehouse:
        site.refuse_another_warehouse(warehouse, keep=not dry_run, take_over=take_over)
        for warning in run.warnings():
            report.warning(warning)
        if dry_run:
            for result in run.preview(warehouse):
                report.view(result)
            for name in run.undeclared():
                report.undeclared(name, pruned=False)
            report.finish()
            raise SystemExit(report.exit_code)
        try:
            for result in run.views(warehouse, report.progress):
                report.view(result)
            for service in run.services():
                report.service(service)
            pruned = run.prune() if prune else []
            for name in [*pruned, *run.undeclared()]:
                report.undeclared(name, pruned=name in pruned)
        except FeatureWarehouseError:
            report.write(results, gate.index)
            raise
    report.write(results, gate.index)
    raise SystemExit(report.exit_code)


def verify(
    redis_url: RedisUrl = None,
    project_dir: ProjectDir = Path(),
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    target_path: TargetPath = Path("target"),
    environment: KeyEnvironment = None,
    select: Select = None,
    exclude: Exclude = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Compare so many entities of each view.")
    ] = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Compare Redis with the warehouse, row by row; exit code 1 on any difference."""
    from feature_warehouse.reports import VerifyReport
    from feature_warehouse.verify import verify as compare

    url = required(redis_url)
    site = Site(url, project_dir, profiles_dir, target, target_path, environment, wait)
    report = VerifyReport(as_json=as_json)
    with site.project.open_warehouse() as warehouse:
        site.refuse_another_warehouse(warehouse)
        for result in compare(
            site.registry,
            site.client,
            site.names,
            warehouse,
            selected=site.selected(select, exclude),
            sample=sample,
        ):
            report.view(result)
    report.finish()
    raise SystemExit(report.exit_code)


def forget(
    entity: Annotated[
        list[str],
        typer.Argument(help="Join keys, such as customer_id=42.", metavar="KEY=VALUE..."),
    ],
    redis_url: RedisUrl = None,
    project_dir: ProjectDir = Path(),
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    target_path: TargetPath = Path("target"),
    environment: KeyEnvironment = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Erase an entity from every generation of every view that has these join keys.

    Refused, with exit code 1, while the warehouse still holds rows of it.
    """
    from feature_warehouse.connection import reachable
    from feature_warehouse.forget import forget as erase
    from feature_warehouse.reports import print_erasures

    values = pairs(entity)
    url = required(redis_url)
    site = Site(url, project_dir, profiles_dir, target, target_path, environment, wait)
    with site.project.open_warehouse() as warehouse, reachable(site.client):
        site.refuse_another_warehouse(warehouse)
        erasures = erase(site.registry, site.client, site.names, warehouse, values, wait=wait)
    print_erasures(erasures, as_json=as_json)
    if any(erasure.left for erasure in erasures):
        raise SystemExit(1)


def rollback(
    view: Annotated[str, typer.Argument(help="A feature view.", show_default=False)],
    redis_url: RedisUrl = None,
    project: Project = None,
    environment: Environment = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Point readers at the previous generation of a view.

    The next `materialize` publishes again what the warehouse says then.
    """
    from feature_warehouse.connection import connect, reachable
    from feature_warehouse.generations import Generations
    from feature_warehouse.locks import locked
    from feature_warehouse.plans import resolve_names
    from feature_warehouse.reports import print_rollback
    from feature_warehouse.services import Services

    client = connect(required(redis_url), socket_connect_timeout=5.0, socket_timeout=30.0)
    with reachable(client):
        names = resolve_names(client, project, environment)
        with locked(client, names, view, wait=wait):
            shares = Services(client, names).shares(view)
            print_rollback(Generations(client, names, view).roll_back(shares), as_json=as_json)


class Site:
    """What commands that compare a project with Redis have in common.

    Without a URL, of one that can do without, there is no client.
    """

    def __init__(
        self,
        url: str | None,
        project_dir: Path,
        profiles_dir: Path | None,
        target: str | None,
        target_path: Path,
        environment: str | None,
        wait: bool,
    ) -> None:
        from feature_warehouse.connection import connect
        from feature_warehouse.layout import Names
        from feature_warehouse.project import DbtProject
        from feature_warehouse.registry import read_registry
        from feature_warehouse.targets import refuse_another

        manifest = project_dir / target_path / "manifest.json"
        self.registry = read_registry(manifest, project_dir)
        self.project = DbtProject(
            project_dir,
            profiles_dir=profiles_dir,
            target=target,
            target_path=target_path,
            wait=wait,
        )
        profile = self.project.profile
        refuse_another(manifest, self.registry, profile, self.project.folder, environment)
        self.environment = environment or profile.target
        self.names = Names(self.registry.project, self.environment)
        self.client: Any = None
        if url:
            self.client = connect(url, socket_connect_timeout=5.0, socket_timeout=30.0)

    def refuse_another_warehouse(
        self, warehouse: "Warehouse", *, keep: bool = False, take_over: bool = False
    ) -> None:
        """See ``ownership.refuse_another``."""
        from feature_warehouse.connection import reachable
        from feature_warehouse.ownership import refuse_another

        with reachable(self.client):
            refuse_another(self.client, self.names, warehouse, keep=keep, take_over=take_over)

    def selected(self, select: list[str] | None, exclude: list[str] | None) -> set[str] | None:
        """The unique ids that dbt's selectors name; None for all."""
        if not select and not exclude:
            return None
        return self.project.select(select or [], exclude or [])
