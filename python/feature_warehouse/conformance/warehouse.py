"""The schema of a run, and dbt, which makes it, fills it, reads it and removes it."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, Final
from uuid import uuid4

import msgspec

from feature_warehouse.conformance.declared import Column
from feature_warehouse.conformance.messages import in_one_line
from feature_warehouse.conformance.project import STEP
from feature_warehouse.conformance.shapes import PREFIX
from feature_warehouse.dbt_project import DbtProject
from feature_warehouse.dbt_project.messages import explained
from feature_warehouse.errors import BusyError, UnreachableError, UsageError

__all__ = ["About", "Reading", "Schema"]

_ANSWER: Final = "fwc:"
_PLAIN: Final = dict.fromkeys(("DBT_DEFER", "DBT_EMPTY", "DBT_FULL_REFRESH"), "false")
"""What a user's environment may ask of dbt, and would prove something else."""


class About(msgspec.Struct, frozen=True):
    """What dbt says of itself and the warehouse; ``types`` are the warehouse's names of kinds."""

    dbt: str
    adapter: str
    engine: str | None
    no_growth: str | None
    has_lookups: bool
    has_zones: bool
    types: Mapping[str, str]
    removed: list[str] = []
    foreign: list[str] = []


class Reading(msgspec.Struct, frozen=True):
    """Rows as texts by their relation, and what the warehouse says of those it does not give."""

    rows: dict[str, list[list[str | None]]]
    refused: dict[str, str]

    def has(self, name: str) -> bool:
        return name in self.rows or name in self.refused


class Schema:
    """One run's schema in the target of a project; ``folder`` holds the run's own project."""

    def __init__(self, project: DbtProject, folder: Path, name: str) -> None:
        self.name = name
        self.run_id = uuid4().hex
        self._project = project
        self._folder = folder
        self._has_begun = self._is_made = False
        self._left: list[str] | None = None

    def begin(self) -> About:
        """Make the schema. Raises UsageError if it holds what no run has made, and changes nothing.

        UnreachableError if the login may not make it.
        """
        self._has_begun = True  # or may have, if this is interrupted
        result = self._operation("fwc_begin", run_id=self.run_id)
        answers = _answers(result)
        if result.returncode or not answers:
            raise self._refused(_said(result))
        about = msgspec.convert(answers[0], About)
        if about.foreign:
            self._has_begun = False
            names = ", ".join(sorted(about.foreign)[:3])
            raise UsageError(
                f"schema {self.name!r} holds what no conformance run has made ({names}); name"
                " another with --schema"
            )
        self._is_made = True
        return about

    def build(self, step: int, nodes: Sequence[str] = ()) -> dict[str, str | None]:
        """Build all, or some nodes, as of a batch. What the warehouse says of each that failed.

        One that was not built for want of others has an empty text. Raises UsageError if dbt builds
        nothing.
        """
        select = ["--select", *nodes] if nodes else []
        file = self._folder / "target" / "run_results.json"
        file.unlink(missing_ok=True)
        result = self._dbt("build", *select, env={**_PLAIN, STEP: str(step)})
        output = _said(result)
        if not file.is_file():
            raise explained(output)
        found: dict[str, str | None] = {}
        for node in json.loads(file.read_text(encoding="utf-8"))["results"]:
            kind, _, name = str(node["unique_id"]).split(".")[:3]
            failed = None if node["status"] == "success" else self.clean(node["message"] or "")
            if kind == "operation" and failed:
                raise explained(output)
            found[name] = "" if node["status"] == "skipped" else failed
        return found

    def read(
        self,
        relations: Mapping[str, Sequence[Column]],
        types: Mapping[str, str],
        *,
        remove: bool,
    ) -> Reading:
        """The rows of relations, with each value as the package's own macro makes a text of it.

        With ``remove`` the schema is removed then. Raises BusyError if another run has taken it.
        """
        asked = {
            name: [[column.name, types.get(column.kind, types["bigint"])] for column in columns]
            for name, columns in relations.items()
        }
        reading = Reading({}, {})
        while True:
            left = {name: asked[name] for name in asked if not reading.has(name)}
            run_id = self.run_id if remove else None
            result = self._operation("fwc_read", relations=left, run_id=run_id)
            said, answers = self.clean(_said(result)), _answers(result)
            if not answers:
                raise UnreachableError(f"the results cannot be read: {said}")
            if answers[0]["run_id"] != self.run_id:
                self._has_begun = False
                raise BusyError(
                    f"another conformance run has taken schema {self.name!r}; give each a --schema"
                )
            for answer in answers[1:]:
                if "relation" in answer:
                    reading.rows[answer["relation"]] = answer["rows"]
                else:
                    self._left = answer["left"]
            refused = next((name for name in asked if not reading.has(name)), None)
            if refused is None:
                return reading
            reading.refused[refused] = said

    def end(self) -> str | None:
        """Remove all that is still there. What is left to be removed by hand, if anything is."""
        if not self._has_begun or self._left == []:
            return None
        what = f"schema {self.name!r} of target {self._project.profile.target!r}"
        if self._left is None:
            try:
                result = self._operation("fwc_end", run_id=self.run_id)
            except BaseException:
                return f"{what} was not removed; drop it, or run the command again"
            answers = _answers(result)
            if not answers and not self._is_made:
                return None
            if not answers:
                said = self.clean(_said(result))
                return f"{what} was not removed ({said}); drop it, or run the command again"
            self._left = answers[0]["left"]
            if answers[0]["is_empty"]:
                return f"{what} is empty, and may have been made by this run; drop it if so"
        if not self._left:
            return None
        return f"{what} stays, for others have put there: {', '.join(sorted(self._left))}"

    def kept(self) -> str | None:
        """What was left on purpose."""
        if not self._is_made:
            return None
        return f"schema {self.name!r} of target {self._project.profile.target!r} was kept"

    def clean(self, text: str) -> str:
        """What dbt says in one line, without what the profile holds."""
        return in_one_line(text, self._folder, self._project.profile.credentials)

    def _operation(self, macro: str, **arguments: Any) -> "CompletedProcess[str]":
        given = {"schema": self.name, "prefix": PREFIX, **arguments}
        return self._dbt("run-operation", macro, "--args", json.dumps(given), env={})

    def _dbt(self, *work: str, env: Mapping[str, str]) -> "CompletedProcess[str]":
        return self._project.run_elsewhere(self._folder, *work, env=env)

    def _refused(self, output: str) -> Exception:
        found = _REFUSAL.search(output)
        said = self.clean(output[found.end() :]) if found else ""
        if not said or "Could not set lock" in output or "connection" in said.lower():
            return explained(output)
        return UnreachableError(
            f"target {self._project.profile.target!r} cannot make schema {self.name!r}: {said}; use"
            " a login that may, or name an empty schema that it may write to with --schema"
        )


_REFUSAL: Final = re.compile(r"(Database|Runtime) Error\b")
"""How dbt begins to tell what the warehouse says."""


def _said(result: "CompletedProcess[str]") -> str:
    """What is no answer."""
    lines = [line for line in result.stdout.splitlines() if _ANSWER not in line]
    return "\n".join([*lines, result.stderr])


def _answers(result: "CompletedProcess[str]") -> list[Any]:
    lines = result.stdout.splitlines()
    return [json.loads(line.partition(_ANSWER)[2]) for line in lines if _ANSWER in line]
