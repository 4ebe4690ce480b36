"""The command that checks and publishes nothing."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

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
)

if TYPE_CHECKING:
    from feature_warehouse.cli.context import Site

__all__ = ["validate"]


def validate(
    place: Place,
    as_of: Annotated[
        str | None, typer.Option(help="Check the rows known at this ISO instant.")
    ] = None,
    select: Select = None,
    exclude: Exclude = None,
    selector: Selector = None,
    state: State = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Check the expectations of feature views on their newest rows; exit code 1 if one fails.

    `materialize` runs the same checks before it writes. Redis is asked only how many rows the last
    run found.
    """
    from feature_warehouse.cli.context import Site
    from feature_warehouse.cli.output.runs import ValidationReport
    from feature_warehouse.publishing.run_plan import Clock
    from feature_warehouse.util.files import cleared
    from feature_warehouse.validation.gate import Gate
    from feature_warehouse.validation.validate import validate as check

    clock = Clock.at(instant(as_of)) if as_of else Clock.real()
    site = Site(place, wait=wait)
    selected = site.selected(select, exclude, selector, state, online=False)
    results = site.project.target_path / "validation_results.json"
    cleared(results)
    gate = Gate(site.project.target_path / "validation")
    report = ValidationReport(site.registry, clock, as_json=as_json)
    with site.project.open_warehouse() as warehouse:
        for result in check(
            site.registry,
            warehouse,
            gate,
            clock.now,
            selected=selected,
            last_rows=partial(_last_rows, site) if site.client else None,
        ):
            report.view(result)
    report.write(results, gate.index)
    raise SystemExit(report.exit_code)


def _last_rows(site: "Site", view: str) -> int | None:
    from feature_warehouse.publishing.generations import Generations
    from feature_warehouse.redis_store.connection import reachable

    with reachable(site.client):
        generations = Generations(site.client, site.names, view)
        current = generations.find(generations.pointer().value.version)
    return current.value.rows if current else None
