"""A run from the first question to the last trace removed."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from feature_warehouse import __version__
from feature_warehouse.conformance.cases import BATCHES, Cases, make_cases
from feature_warehouse.conformance.compare import (
    CARD_COLUMNS,
    card_rows,
    compare,
    shown,
    value_of,
)
from feature_warehouse.conformance.declared import Column, Row
from feature_warehouse.conformance.expected import Check, checks_of
from feature_warehouse.conformance.models import CARD, calls, declaration_of, growing
from feature_warehouse.conformance.package import package_of, version_of
from feature_warehouse.conformance.project import types_of, write_base, write_models
from feature_warehouse.conformance.published import check_published
from feature_warehouse.conformance.report import Finding, Report, Shown
from feature_warehouse.conformance.shapes import (
    ARRIVALS,
    EVENTS,
    LABELS,
    Shapes,
    shapes,
)
from feature_warehouse.conformance.warehouse import About, Schema
from feature_warehouse.dbt_project import DbtProject, patiently, scratch_folder
from feature_warehouse.dbt_project.program import dbt_2
from feature_warehouse.engines import has_engine
from feature_warehouse.errors import UsageError

__all__ = ["SCHEMA", "Conformance"]

SCHEMA: Final = "feature_warehouse_conformance"
"""The schema of a run that names none."""

_SCHEMA: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_MOST_ROWS: Final = 12


class Conformance:
    """A project and its target; ``say`` is told what is done, a line at a time.

    After ``run`` has ended, however it has, ``remains`` says what it could not remove.
    """

    def __init__(
        self,
        project: DbtProject,
        *,
        schema: str = SCHEMA,
        wait: bool = False,
        say: Callable[[str], None],
    ) -> None:
        self.remains: str | None = None
        self._project = project
        self._schema = schema
        self._wait = wait
        self._say = say

    def run(self, *, cases: int, seed: int, keep: bool = False) -> Report:
        """Compare random cases with the rules. Raises what the command line ends with.

        With ``keep`` the schema stays as it is.
        """
        if not _SCHEMA.fullmatch(self._schema):
            raise UsageError(
                f"{self._schema!r} cannot be a schema of conformance; name one of lower-case"
                " letters, digits and _ with --schema"
            )
        began = time.monotonic()
        profile = self._project.profile
        package = package_of(self._project.folder)
        if has_engine(profile.adapter):
            # It says more precisely than dbt what is wrong, and makes no file that is not there.
            self._project.open_warehouse().close()
        with scratch_folder() as scratch:
            folder = Path(scratch) / "project"
            folder.mkdir()
            write_base(folder, package, profile.name, self._schema)
            with self._schema_in(folder, keep=keep) as (schema, about):
                made = shapes(
                    zones=about.has_zones, indexes=about.has_lookups, grows=not about.no_growth
                )
                rows = make_cases(made, cases, seed)
                types = types_of(about.types)
                write_models(folder, made, rows, types)
                findings = self._findings(schema, folder, made, rows, types, keep=keep)
                if about.no_growth:
                    findings.append(Finding("growth", "all models", "skipped", 0, about.no_growth))
        seconds = time.monotonic() - began
        versions = _versions(about, package)
        return Report(versions, seed, cases, seconds, findings)

    @contextmanager
    def _schema_in(self, folder: Path, *, keep: bool) -> Iterator[tuple[Schema, About]]:
        """The schema, which is removed at the end, also after an interruption."""
        schema = Schema(self._project, folder, self._schema)
        try:
            about = patiently(schema.begin, self._wait)
            if about.removed:
                self._say(f"removed {len(about.removed)} relations of an earlier run")
            yield schema, about
        finally:
            self.remains = schema.kept() if keep else schema.end()

    def _findings(
        self,
        schema: Schema,
        folder: Path,
        made: Shapes,
        cases: Cases,
        types: Mapping[str, str],
        *,
        keep: bool,
    ) -> list[Finding]:
        total = sum(map(len, cases.tables.values()))
        self._say(f"building {len(calls(made))} models of {cases.count:,} cases, {total:,} rows")
        failed = schema.build(1)
        for step in range(2, BATCHES + 1 if made.grows else 2):
            self._say(f"adding batch {step} of {BATCHES} to the models that grow")
            failed |= {
                name: message
                for name, message in schema.build(step, growing(made)).items()
                if message is not None or failed.get(name) is None
            }
        self._say("reading")
        judge = _Judge(made, cases)
        published = list(check_published(self._project, folder, made, cases, failed, judge.found))
        checks = list(checks_of(made, cases))
        reading = schema.read(
            {
                check.relation: CARD_COLUMNS if check.relation == CARD else check.columns
                for check in checks
                if failed.get(check.relation) is None
            },
            {**types, "near": types["double"]},
            remove=not keep,
        )
        self._say("comparing")
        findings = [
            judge.found(check, _rows(check, reading.rows[check.relation]))
            if check.relation in reading.rows
            else judge.failed(check, reading.refused.get(check.relation) or _why(check, failed))
            for check in checks
        ]
        return [*findings, *published]


def _why(check: Check, failed: Mapping[str, str | None]) -> str:
    """What the warehouse says of a relation that was not built, or of one that it waits for."""
    if said := failed.get(check.relation):
        return said
    causes = {name: said for name, said in failed.items() if said}
    name = next((name for name in check.reads if name in causes), next(iter(causes), None))
    return f"{name} was not built: {causes[name]}" if name else "dbt has left it out"


class _Judge:
    """Findings, with what a reader needs to follow them."""

    def __init__(self, made: Shapes, cases: Cases) -> None:
        self._calls = calls(made)
        self._cases = cases
        self._columns = {view.name: view.columns for view in made.views}
        self._columns |= {"fwc_labels": LABELS, "fwc_events": EVENTS}
        self._columns |= {"fwc_arrivals": ARRIVALS.columns}
        self._declared = {view.name: declaration_of(view) for view in (*made.views, ARRIVALS)}
        self._sizes: Counter[Any] = Counter(
            row["case_id"] for rows in cases.tables.values() for row in rows if "case_id" in row
        )

    def failed(self, check: Check, message: str) -> Finding:
        call = self._calls.get(check.relation, "")
        return Finding(check.part, check.relation, "failed", 0, message, call)

    def found(self, check: Check, rows: Sequence[Sequence[Any]]) -> Finding:
        difference = compare(check, rows, self._sizes)
        if difference is None:
            return Finding(check.part, check.relation, "agrees", len(check.rows))
        return Finding(
            check.part,
            check.relation,
            "differs",
            len(check.rows),
            call=self._calls.get(check.relation, ""),
            difference=difference,
            shown=[self._shown(name, difference.case) for name in check.reads],
        )

    def _shown(self, table: str, case: int | None) -> Shown:
        columns: Sequence[Column] = self._columns.get(table, ())
        rows: Sequence[Row] = self._cases.tables.get(table, ())
        if case is not None:
            rows = [row for row in rows if row.get("case_id", case) == case]
        named = [
            {column.name: shown(row[column.name], column.kind) for column in columns}
            for row in rows[:_MOST_ROWS]
        ]
        left_out = max(0, len(rows) - _MOST_ROWS)
        return Shown(table, self._declared.get(table, ""), named, left_out)


def _rows(check: Check, texts: Sequence[Sequence[str | None]]) -> Sequence[Sequence[Any]]:
    if check.relation == CARD:
        return card_rows(texts)
    kinds = [column.kind for column in check.columns]
    return [[value_of(text, kind) for text, kind in zip(row, kinds, strict=True)] for row in texts]


def _versions(about: About, package: Path) -> dict[str, str]:
    found = {
        "feature-warehouse": __version__,
        "dbt package": version_of(package),
        "dbt": about.dbt,
        "adapter": about.adapter,
    }
    if not dbt_2():  # which has its adapters within
        with suppress(PackageNotFoundError):
            found["adapter"] += f" {version(f'dbt-{about.adapter}')}"
    if about.engine:
        found["engine"] = " ".join(about.engine.split())
    return found
