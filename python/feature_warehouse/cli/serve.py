"""The command that serves features over HTTP."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from feature_warehouse.cli.options import Place, required
from feature_warehouse.errors import UsageError

__all__ = ["serve"]


def serve(
    place: Place,
    host: Annotated[
        str, typer.Option(help="Address to listen at. Any but this machine's own needs tokens.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port to listen at; 0 takes a free one.")
    ] = 8080,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes that serve.")] = 1,
    tokens: Annotated[
        Path | None,
        typer.Option(
            help="File of bearer tokens: in each line sha256:, the token's hash, and the names that"
            " it may read, or *. FEATURE_WAREHOUSE_TOKENS may hold such lines, too."
        ),
    ] = None,
    tls_certificate: Annotated[
        Path | None, typer.Option(help="Certificate chain in PEM, for HTTPS.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its private key in PEM.")] = None,
    max_entities: Annotated[int, typer.Option(min=1, help="Entities of a request at most.")] = 1000,
    max_body: Annotated[
        int, typer.Option(min=1, help="Bytes of a request's body at most.")
    ] = 1_048_576,
    max_seconds: Annotated[
        float, typer.Option(min=0.1, help="Seconds that a request may take at most.")
    ] = 10.0,
    max_connections: Annotated[
        int, typer.Option(min=1, help="Connections of a worker at most.")
    ] = 1000,
    drain: Annotated[
        float,
        typer.Option(min=0.0, help="Seconds to go on after SIGTERM, so that clients can leave."),
    ] = 5.0,
    request_log: Annotated[
        bool, typer.Option("--request-log", help="Log what is served, beside the store.")
    ] = False,
    request_log_to: Annotated[
        str | None,
        typer.Option(help="Log it to another Redis, or to a folder.", metavar="URL|FOLDER"),
    ] = None,
    request_log_sample: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of entities that is logged.")
    ] = 1.0,
) -> None:
    """Serve features over HTTP, until SIGTERM or Ctrl-C; the exit code is 0 then.

    FEATURE_WAREHOUSE_LOG_KEY is the secret that personal data in the request log is hashed with.
    """
    try:
        from feature_warehouse.server import workers as processes
        from feature_warehouse.server.settings import Limits, Logging, Settings
        from feature_warehouse.server.tokens import read_tokens
        from feature_warehouse.server.worker import log_to_stderr
    except ModuleNotFoundError as error:
        raise UsageError(
            f"serve needs the Python package {error.name}; pip install 'feature-warehouse[server]'"
        ) from None
    project, environment = place.store
    secret = os.environb.get(b"FEATURE_WAREHOUSE_LOG_KEY")
    logging = Logging(request_log_to, request_log_sample, secret)
    log_to_stderr()
    settings = Settings(
        redis_url=required(place.redis_url),
        project=project,
        environment=environment,
        host=host,
        port=port,
        workers=workers,
        tokens=read_tokens(os.environ.get("FEATURE_WAREHOUSE_TOKENS"), tokens),
        limits=Limits(max_body, max_entities, max_seconds, max_connections),
        logging=logging if request_log or request_log_to is not None else None,
        tls_certificate=str(tls_certificate) if tls_certificate else None,
        tls_key=str(tls_key) if tls_key else None,
        drain=drain,
    )

    def started(address: str) -> None:
        print(f"serving at {address}", flush=True)

    if code := processes.serve(settings, started):
        sys.exit(code)
