"""The commands that watch what is served."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feature_warehouse.cli.options import Json, Place, Wait, instant

if TYPE_CHECKING:
    from feature_warehouse.monitoring.drift_report import DriftReport

__all__ = ["drift"]


class Source(StrEnum):
    """What stands for the requests of now."""

    AUTO = "auto"
    REQUESTS = "requests"
    LABELS = "labels"


def drift(
    place: Place,
    service: Annotated[str, typer.Argument(help="A feature service.", show_default=False)],
    last: Annotated[str, typer.Option(help="How far back requests are compared.")] = "7 days",
    as_of: Annotated[
        str | None, typer.Option(help="Use this ISO instant as the current time.")
    ] = None,
    source: Annotated[
        Source,
        typer.Option(
            help="Compare logged requests, or label rows, or (auto) label rows where too few"
            " requests are logged."
        ),
    ] = Source.AUTO,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Compare served features with those the model was trained on; exit code 1 on an alarm.

    It reads logged requests where `drain` has put them, and says which rows it took. Writes
    drift/SERVICE.json and the page drift/SERVICE.html to the target folder.
    """
    import msgspec

    from feature_warehouse.cli.output.reports import write_report
    from feature_warehouse.monitoring.drift import measure_drift
    from feature_warehouse.monitoring.drift_page import drift_page

    project = place.dbt(wait=wait)
    report = measure_drift(
        project,
        service,
        clock=instant(as_of) if as_of else None,
        last=last,
        source=source.value,
    )
    content = msgspec.json.encode(report)
    page = write_report(project.target_path / "drift", service, drift_page(report), content)
    if as_json:
        print(content.decode())
    else:
        _print_drift(report, page)
    raise SystemExit(1 if report.alarms else 0)


def _print_drift(report: "DriftReport", page: Path) -> None:
    """A line for each feature, worst first."""
    width = max(len(one.feature) for one in report.features)
    for one in report.features:
        psi = one.measures.get("psi")
        figure = "" if psi is None else f"PSI {psi:.3f}"
        line = f"{one.verdict:10}  {one.feature:{width}}  {figure:9}  {one.reason}"
        print(line.rstrip())
    for line in report.told():
        print(line)
    judged = [one for one in report.features if one.verdict in ("alarm", "ok")]
    unjudged = len(report.features) - len(judged)
    print(
        f"{report.service}: {len(report.alarms)} of {len(judged)} judged features drifted too far"
        + (f", {unjudged} not judged" if unjudged else "")
    )
    print(page)
