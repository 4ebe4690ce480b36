"""The command line. Every command ends with a documented exit code and, on failure, one line."""

import errno
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Annotated, Any, Final, Never

import typer

from feature_warehouse import __version__, training_cli
from feature_warehouse.errors import FeatureWarehouseError, UnreachableError
from feature_warehouse.interruption import received, watch_signals
from feature_warehouse.options import (
    Json,
    Place,
    SelectingCommand,
    instant,
    pairs,
    placed,
    required,
)
from feature_warehouse.publishing_cli import forget, materialize, rollback, verify
from feature_warehouse.validation_cli import validate
from feature_warehouse.watching_cli import drift

__all__ = ["main"]

_CUT_OFF: Final = 128 + signal.SIGPIPE
"""The exit code of a program that wrote to a pipe which nobody reads, as for any other program."""

app = typer.Typer(
    name="feature-warehouse",
    epilog=(
        "Exit codes: 0 done; 1 a gate or comparison failed; 2 wrong use or configuration;"
        " 3 warehouse or Redis unreachable; 4 busy; 70 a bug of ours; 130 and 143 interrupted;"
        " 141 nobody read the output to its end."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(training_cli.app, name="training-set")


def _print_version(asked: bool) -> None:
    if asked:
        print(f"feature-warehouse {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", is_eager=True, callback=_print_version
        ),
    ] = False,
) -> None:
    """Publish dbt feature views to Redis and read them."""
    del version  # its callback has done all


for selecting in (materialize, validate, verify):
    app.command(cls=SelectingCommand)(placed(selecting))
for command in (rollback, forget, drift):
    app.command()(placed(command))


@app.command()
@placed
def status(
    place: Place,
    as_json: Json = False,
) -> None:
    """Show what is published: rows, newest event, freshness, memory, last run, generation."""
    from feature_warehouse.connection import connect
    from feature_warehouse.reports import print_status
    from feature_warehouse.status import read_status

    client = connect(required(place.redis_url), socket_connect_timeout=5.0, socket_timeout=30.0)
    print_status(read_status(client, *place.store), as_json=as_json)


@app.command()
@placed
def metrics(
    place: Place,
    output: Annotated[
        Path | None,
        typer.Option(help="Write to this file, whole or not at all, for the textfile collector."),
    ] = None,
) -> None:
    """Print what is published, and how the last run went, as Prometheus text.

    The last run is that of target/materialize_results.json, where there is one.
    """
    from feature_warehouse.connection import connect
    from feature_warehouse.files import replacing
    from feature_warehouse.prometheus import exposition, read_results
    from feature_warehouse.status import read_status

    client = connect(required(place.redis_url), socket_connect_timeout=5.0, socket_timeout=30.0)
    results = read_results(place.artifacts / "materialize_results.json")
    text = exposition(read_status(client, *place.store), results)
    if output is None:
        sys.stdout.write(text)
        return
    with replacing(output) as file:
        file.write_text(text, encoding="utf-8")


@app.command()
@placed
def get(
    place: Place,
    name: Annotated[str, typer.Argument(help="A service or a feature view.", show_default=False)],
    entity: Annotated[
        list[str] | None,
        typer.Argument(help="Entity keys, such as origin=JFK.", metavar="[KEY=VALUE]..."),
    ] = None,
    expect: Annotated[str | None, typer.Option(help="Fingerprint the model needs.")] = None,
    at: Annotated[str | None, typer.Option(help="ISO instant that ttl is measured at.")] = None,
    as_json: Json = False,
) -> None:
    """Read one feature vector."""
    from feature_warehouse.codec.keys import parse_key
    from feature_warehouse.online import OnlineStore
    from feature_warehouse.reports import print_vector

    texts = pairs(entity or [])
    project, environment = place.store
    with OnlineStore.from_url(
        required(place.redis_url), project=project, environment=environment, socket_timeout=5.0
    ) as store:
        types = store.entity_keys(name)
        values = {
            key: parse_key(key, text, types.get(key, "string")) for key, text in texts.items()
        }
        vector = store.get(name, values, expect=expect, at=instant(at) if at else None)
        print_vector(name, values, vector, store.fingerprint(name), as_json=as_json)


@app.command()
@placed
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
    """Show what dbt's manifest says of a name, with SQL and Python to copy."""
    from feature_warehouse.describe import describe as find
    from feature_warehouse.descriptions import print_descriptions
    from feature_warehouse.registry import read_registry

    registry = read_registry(place.manifest)
    print_descriptions(find(registry, name), as_json=as_json)


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


def main() -> Never:
    """Entry point: turns every exception into one line and an exit code."""
    watch_signals()
    try:
        # Typer returns the exit code of what it has caught itself, such as --help.
        code: Any = app(standalone_mode=False) or 0
    except SystemExit as end:
        # Typer exits with 1, which is a gate's or a comparison's, where nobody reads on.
        code = _CUT_OFF if isinstance(end.__context__, BrokenPipeError) else end.code
    except KeyboardInterrupt:
        code = 130
    except FeatureWarehouseError as error:
        code = _say(str(error), error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = _CUT_OFF
    except ModuleNotFoundError as error:
        extras = "'feature-warehouse[duckdb]' or '[postgres]'"
        code = _say(f"this needs the Python package {error.name}; pip install {extras}", 2)
    except OSError as error:
        no_place = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)
        text = f"{error.filename or 'what is printed'} cannot be written: {error.strerror}"
        code = _say(text, 2) if no_place else _unexpected(error)
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
