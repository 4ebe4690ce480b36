"""The command that proves the package on the user's own warehouse."""

from pathlib import Path
from typing import Annotated

import typer

from feature_warehouse.cli.options import Json, Place, Wait

__all__ = ["conformance"]


def conformance(
    place: Place,
    cases: Annotated[int, typer.Option(min=1, max=100_000, help="How many random cases.")] = 300,
    seed: Annotated[int, typer.Option(help="Another number makes other cases.")] = 1,
    schema: Annotated[
        str | None,
        typer.Option(
            help="Schema to work in, which must be new or empty; feature_warehouse_conformance."
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write a report to this file, .md or .json.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the schema there, to look into it.")
    ] = False,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Compare the package's SQL on this warehouse with the rules; exit code 1 on a difference.

    Random rows are loaded into a schema of its own, which is removed at the end; the project is
    neither read nor changed.
    """
    from feature_warehouse.cli.output.conformance import print_report
    from feature_warehouse.conformance.report import report_path, write_report
    from feature_warehouse.conformance.run import SCHEMA, Conformance

    file = report_path(report) if report else None
    say = (lambda _: None) if as_json else _say
    work = Conformance(place.dbt(wait=wait), schema=schema or SCHEMA, wait=wait, say=say)
    try:
        found = work.run(cases=cases, seed=seed, keep=keep)
    finally:
        if work.remains:
            typer.echo(f"feature-warehouse: {work.remains}", err=True)
    if file:
        write_report(file, found)
    print_report(found, file, as_json=as_json)
    raise SystemExit(0 if found.agrees else 1)


def _say(line: str) -> None:
    print(line, flush=True)
