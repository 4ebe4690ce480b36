"""The command line. Every command ends with a documented exit code and, on failure, one line."""

import errno
import os
import signal
import sys
import traceback
from typing import Annotated, Any, Final, Never

import typer

from feature_warehouse import __version__
from feature_warehouse.cli import training_set
from feature_warehouse.cli.conformance import conformance
from feature_warehouse.cli.drift import drift
from feature_warehouse.cli.options import (
    SelectingCommand,
    placed,
)
from feature_warehouse.cli.plan import plan
from feature_warehouse.cli.publish import forget, materialize, rollback, verify
from feature_warehouse.cli.read import describe, dev_server, get, metrics, status
from feature_warehouse.cli.requests import drain, explain, requests
from feature_warehouse.cli.serve import serve
from feature_warehouse.cli.site import site
from feature_warehouse.cli.skew import skew
from feature_warehouse.cli.validate import validate
from feature_warehouse.errors import FeatureWarehouseError
from feature_warehouse.util.signals import received, watch_signals

__all__ = ["main"]

_CUT_OFF: Final = 128 + signal.SIGPIPE
"""The exit code of a program that wrote to a pipe which nobody reads, as for any other program."""

app = typer.Typer(
    name="feature-warehouse",
    epilog=(
        "Exit codes: 0 done; 1 a gate or comparison failed; 2 wrong use or configuration;"
        " 3 warehouse or Redis unreachable; 4 busy; 70 internal error; 130 and 143 interrupted;"
        " 141 the output pipe was closed."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(training_set.app, name="training-set")


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
for command in (
    plan,
    rollback,
    forget,
    drift,
    requests,
    drain,
    explain,
    skew,
    status,
    metrics,
    get,
    describe,
    site,
    serve,
    conformance,
):
    app.command()(placed(command))
app.command()(dev_server)


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
        extras = "'feature-warehouse[duckdb]', '[postgres]' or '[spark]'"
        code = _say(f"this needs the Python package {error.name}; pip install {extras}", 2)
    except OSError as error:
        no_place = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)
        text = f"{error.filename or 'standard output'} cannot be written: {error.strerror}"
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
    return _say(f"internal error: {text} (FEATURE_WAREHOUSE_DEBUG=1 shows where)", 70)


def _say(message: str, code: int) -> int:
    print(f"feature-warehouse: {message}", file=sys.stderr)
    return code
