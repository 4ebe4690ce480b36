"""The command line. Every command ends with a documented exit code and, on failure, one line."""

import os
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Never

import typer

from feature_warehouse import training_cli
from feature_warehouse.errors import FeatureWarehouseError, UnreachableError, UsageError
from feature_warehouse.interruption import received, watch_signals
from feature_warehouse.options import (
    Environment,
    Json,
    ProfilesDir,
    Project,
    ProjectDir,
    RedisUrl,
    Target,
    TargetPath,
    Wait,
)

__all__ = ["main"]

app = typer.Typer(
    name="feature-warehouse",
    help="Publish dbt feature views to Redis and read them.",
    epilog=(
        "Exit codes: 0 done; 1 a gate or comparison failed; 2 wrong use or configuration;"
        " 3 warehouse or Redis unreachable; 4 busy; 70 a bug of ours; 130 and 143 interrupted."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(training_cli.app, name="training-set")


@app.command()
def materialize(
    redis_url: RedisUrl = None,
    project_dir: ProjectDir = Path(),
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    target_path: TargetPath = Path("target"),
    environment: Annotated[
        str | None, typer.Option(help="Part of every key; by default the target's name.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(help="Run, and let readers live, on a clock that stands at this ISO instant."),
    ] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove what is published but no longer declared.")
    ] = False,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Publish the newest row of every entity of every online feature view."""
    from feature_warehouse.connection import connect
    from feature_warehouse.materialize import Materialization
    from feature_warehouse.project import DbtProject
    from feature_warehouse.publication import Clock
    from feature_warehouse.registry import read_registry
    from feature_warehouse.reports import MaterializeReport

    url = _required(redis_url)
    target_dir = (project_dir / target_path).absolute()
    results = target_dir / "materialize_results.json"
    results.unlink(missing_ok=True)
    clock = Clock.at(_instant(as_of)) if as_of else Clock.real()
    registry = read_registry(project_dir / target_path / "manifest.json", project_dir)
    project = DbtProject(project_dir, profiles_dir=profiles_dir, target=target, wait=wait)
    profile = project.profile
    if registry.adapter != profile.adapter:
        raise UsageError(
            f"{target_dir / 'manifest.json'} was built on {registry.adapter}, but target"
            f" {profile.target!r} is {profile.adapter}; run `dbt build --target {profile.target}`"
        )
    client = connect(url, socket_connect_timeout=5.0, socket_timeout=30.0)
    run = Materialization(
        registry, client, environment=environment or profile.target, clock=clock, wait=wait
    )
    report = MaterializeReport(registry, environment or profile.target, clock, as_json=as_json)
    with report, project.open_warehouse() as warehouse:
        for result in run.views(warehouse, report.progress):
            report.view(result)
        for service in run.services():
            report.service(service)
        pruned = run.prune() if prune else []
        for name in [*pruned, *run.undeclared()]:
            report.undeclared(name, pruned=name in pruned)
    report.write(results)
    raise SystemExit(report.exit_code)


@app.command()
def status(
    redis_url: RedisUrl = None,
    project: Project = None,
    environment: Environment = None,
    as_json: Json = False,
) -> None:
    """Show what is published: rows, newest event, freshness, memory, last run, generation."""
    from feature_warehouse.connection import connect
    from feature_warehouse.reports import print_status
    from feature_warehouse.status import read_status

    client = connect(_required(redis_url), socket_connect_timeout=5.0, socket_timeout=30.0)
    print_status(read_status(client, project, environment), as_json=as_json)


@app.command()
def get(
    name: Annotated[str, typer.Argument(help="A service or a feature view.", show_default=False)],
    entity: Annotated[
        list[str] | None,
        typer.Argument(help="Entity keys, such as origin=JFK.", metavar="[KEY=VALUE]..."),
    ] = None,
    redis_url: RedisUrl = None,
    project: Project = None,
    environment: Environment = None,
    expect: Annotated[str | None, typer.Option(help="Fingerprint the model needs.")] = None,
    at: Annotated[str | None, typer.Option(help="ISO instant that ttl is measured at.")] = None,
    as_json: Json = False,
) -> None:
    """Read one feature vector."""
    from feature_warehouse.codec.keys import parse_key
    from feature_warehouse.online import OnlineStore
    from feature_warehouse.reports import print_vector

    texts: dict[str, str] = {}
    for pair in entity or []:
        key, equals, text = pair.partition("=")
        if not equals:
            raise UsageError(f"{pair!r} is no entity key; write it as {pair}=value")
        texts[key] = text
    with OnlineStore.from_url(
        _required(redis_url), project=project, environment=environment, socket_timeout=5.0
    ) as store:
        types = store.entity_keys(name)
        values = {
            key: parse_key(key, text, types.get(key, "string")) for key, text in texts.items()
        }
        vector = store.get(name, values, expect=expect, at=_instant(at) if at else None)
        print_vector(name, values, vector, store.fingerprint(name), as_json=as_json)


@app.command()
def dev_server(
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port on 127.0.0.1; 0 takes a free one.")
    ] = 0,
) -> None:
    """Run the bundled Valkey server until Ctrl-C. Nothing is kept, nothing outside can reach it."""
    from feature_warehouse.servers import local_valkey

    with local_valkey(port=port or None) as server:
        print(f"REDIS_URL={server.url}", flush=True)
        print("Ctrl-C stops the server; its data is gone then.", file=sys.stderr, flush=True)
        while _alive(server.pid):
            time.sleep(0.2)
    raise UnreachableError("the server has ended by itself; start it again")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _required(url: str | None) -> str:
    if not url:
        raise UsageError(
            "no Redis is named; set REDIS_URL or pass --redis-url"
            " (`feature-warehouse dev-server` runs one to try)"
        )
    return url


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no instant; write it as 2013-12-31T00:00:00Z") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def main() -> Never:
    """Entry point: turns every exception into one line and an exit code."""
    watch_signals()
    try:
        # Typer returns the exit code of what it has caught itself, such as --help.
        code: Any = app(standalone_mode=False) or 0
    except SystemExit as end:
        code = end.code
    except KeyboardInterrupt:
        code = 130
    except FeatureWarehouseError as error:
        code = _say(str(error), error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except ModuleNotFoundError as error:
        extras = "'feature-warehouse[duckdb]' or '[postgres]'"
        code = _say(f"this needs the Python package {error.name}; pip install {extras}", 2)
    except Exception as error:
        code = 70 if received else _unexpected(error)
    if received:
        code = _say("interrupted; what was in service stays in service", 128 + received[0])
        sys.stdout.flush()
        # All is closed by now but what the traceback still holds, of which DuckDB would complain.
        os._exit(code)
    sys.exit(code)


def _unexpected(error: Exception) -> int:
    # Typer carries a click of its own and exports few of its exceptions; wrong arguments are those
    # that know how to format themselves.
    format_message = getattr(error, "format_message", None)
    if format_message is not None:
        return _say(f"{format_message()} (see --help)", 2)
    if os.environ.get("FEATURE_WAREHOUSE_DEBUG"):
        traceback.print_exc()
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return _say(f"a bug of ours: {text} (FEATURE_WAREHOUSE_DEBUG=1 shows where)", 70)


def _say(message: str, code: int) -> int:
    print(f"feature-warehouse: {message}", file=sys.stderr)
    return code
