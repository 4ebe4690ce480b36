"""`feature-warehouse skew`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feature_warehouse.cli.options import Json, Place, Wait, instant
from feature_warehouse.errors import UsageError

if TYPE_CHECKING:
    from feature_warehouse.skew.report import SkewReport

__all__ = ["skew"]


def skew(
    place: Place,
    service: Annotated[str, typer.Argument(help="A feature service.", show_default=False)],
    start: Annotated[
        str | None, typer.Option("--from", help="Requests from this ISO instant on.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", help="Requests before this ISO instant.")
    ] = None,
    clock_tolerance: Annotated[
        str, typer.Option(help="How far clocks of readers and publishers may be apart.")
    ] = "1 second",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Compare what a service served with what the warehouse says of it; exit code 1 if it is wrong.

    It reads logged requests where `drain` has put them, and writes skew/SERVICE.json and the page
    skew/SERVICE.html to the target folder.
    """
    import msgspec

    from feature_warehouse.cli.output.reports import write_report
    from feature_warehouse.declarations.registry import read_registry
    from feature_warehouse.skew.measure import measure_skew
    from feature_warehouse.skew.page import skew_page
    from feature_warehouse.util.durations import microseconds

    tolerance = microseconds(clock_tolerance)
    if tolerance is None:
        raise UsageError(
            f"--clock-tolerance {clock_tolerance!r} is not a fixed length of time; write one such"
            " as '2 seconds'"
        )
    registry = read_registry(place.manifest, place.project_dir)
    project = place.dbt(wait=wait)
    report = measure_skew(
        project,
        registry,
        service,
        start=instant(start) if start else None,
        end=instant(end) if end else None,
        tolerance=tolerance,
    )
    content = msgspec.json.encode(report)
    folder = project.target_path / "skew"
    page = write_report(folder, report.service, skew_page(report), content)
    if as_json:
        print(content.decode())
    else:
        _print_skew(report, page)
    raise SystemExit(1 if report.wrong else 0)


def _print_skew(report: "SkewReport", page: Path) -> None:
    """A line for each feature, worst first, and what is wrong by its cause."""
    from feature_warehouse.skew.report import CAUSES, described

    width = max(len(one.feature) for one in report.features)
    for one in report.features:
        print(f"{one.feature:{width}}  {described(one)}")
    for one in report.features:
        for cause, count in one.causes.items():
            first = next(each for each in one.examples if each.cause == cause)
            print(
                f"wrong: {count:,} of {one.feature}, {cause}, as in request {first.request_id}:"
                f" {CAUSES[cause]}"
            )
    if report.of_another_fingerprint:
        print(
            f"{report.of_another_fingerprint:,} entities were served by another fingerprint than"
            f" {report.fingerprint}, and are not judged"
        )
    counts = ", ".join(f"{count:,} {verdict}" for verdict, count in report.totals().items())
    print(f"{report.service}: {report.requests:,} entities, values: {counts}")
    print(page)
