"""dbt's ``manifest.json``, as far as it concerns us, and whether it still fits the files."""

import re
from ast import literal_eval
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from feature_warehouse.declarations.model import WrittenFor
from feature_warehouse.errors import UsageError

__all__ = [
    "Manifest",
    "ManifestColumn",
    "Node",
    "read_build_seconds",
    "read_build_times",
    "read_manifest",
    "read_variables",
]


class Contract(msgspec.Struct, frozen=True):
    """Whether dbt holds the model to its declared columns."""

    enforced: bool = False


class Config(msgspec.Struct, frozen=True):
    """The part of a node's or column's config that concerns us: a test's, then a snapshot's."""

    meta: dict[str, Any] = {}
    contract: Contract = Contract()
    materialized: str = ""
    tags: list[str] = []
    severity: str = "error"
    where: str | None = None
    limit: int | None = None
    error_if: str = "!= 0"
    warn_if: str = "!= 0"
    strategy: Any = None
    updated_at: Any = None
    unique_key: Any = None
    check_cols: Any = None
    hard_deletes: Any = None
    incremental_strategy: Any = None
    event_time: Any = None
    invalidate_hard_deletes: Any = None
    snapshot_meta_column_names: Any = None


class Constraint(msgspec.Struct, frozen=True):
    """Of a contract; ``columns`` is empty where a column has it."""

    type: str
    columns: list[str] = []


class TestMetadata(msgspec.Struct, frozen=True):
    """Which generic test a test node runs, and with which arguments."""

    name: str
    kwargs: dict[str, Any] = {}
    namespace: str | None = None


class ManifestColumn(msgspec.Struct):
    """A declared column."""

    name: str
    data_type: str | None = None
    description: str = ""
    meta: dict[str, Any] = {}
    config: Config = Config()
    constraints: list[Constraint] = []
    tags: list[str] = []


class Checksum(msgspec.Struct, frozen=True):
    """Of the model's text; see ``staleness``."""

    checksum: str


class Dependencies(msgspec.Struct, frozen=True):
    """The unique ids of what a node reads, and of the macros it calls."""

    nodes: list[str] = []
    macros: list[str] = []


class Group(msgspec.Struct, frozen=True):
    """A group of models and who owns it."""

    name: str
    package_name: str = ""
    owner: dict[str, Any] = {}


class Node(msgspec.Struct):
    """A model, test, source, or anything else dbt knows."""

    unique_id: str
    name: str
    resource_type: str
    language: str = "sql"
    config: Config = Config()
    columns: dict[str, ManifestColumn] = {}
    package_name: str = ""
    tags: list[str] = []
    group: str | None = None
    relation_name: str | None = None
    raw_code: str | None = None
    compiled_code: str | None = None
    description: str = ""
    checksum: Checksum = Checksum("")
    original_file_path: str = ""
    patch_path: str | None = None
    version: str | int | float | None = None
    latest_version: str | int | float | None = None
    deprecation_date: str | None = None
    depends_on: Dependencies = Dependencies()
    constraints: list[Constraint] = []
    test_metadata: TestMetadata | None = None
    attached_node: str | None = None
    column_name: str | None = None
    source_name: str | None = None

    @property
    def full_name(self) -> str:
        """With its version, if it has one, as the macro ``_full_name`` has it."""
        return self.name if self.version is None else f"{self.name}.v{self.version}"

    @property
    def is_latest(self) -> bool:
        """Whether ``ref()`` without a version means this one."""
        return self.version is None or self.version == self.latest_version

    @property
    def names(self) -> tuple[str, ...]:
        """By which ``ref()`` means this one; the first says all of it."""
        short = self.version is not None and self.is_latest
        return (self.full_name, self.name) if short else (self.full_name,)

    @property
    def tested_column(self) -> str:
        """Of a generic test, the column that it is on; empty if it is on the model as a whole."""
        named = self.test_metadata.kwargs.get("column_name") if self.test_metadata else None
        return str(self.column_name or named or "").strip('"')


class Macro(msgspec.Struct):
    """A macro, with its text and what YAML says of it."""

    package_name: str
    name: str
    macro_sql: str = ""
    meta: dict[str, Any] = {}
    depends_on: Dependencies = Dependencies()


class Exposure(msgspec.Struct, frozen=True):
    """What is said to use the project, such as a dashboard or a model that is deployed."""

    name: str
    label: str | None = None
    type: str | None = None
    description: str | None = None
    owner: dict[str, Any] | None = None
    url: str | None = None
    meta: dict[str, Any] | None = None
    config: Config = Config()
    depends_on: Dependencies = Dependencies()


class Metadata(msgspec.Struct):
    """Of the invocation that wrote the manifest."""

    project_name: str
    adapter_type: str
    invocation_id: str
    generated_at: datetime
    invocation_started_at: datetime | None = None


class Manifest(msgspec.Struct):
    """The parts of ``manifest.json`` that we read."""

    metadata: Metadata
    nodes: dict[str, Node]
    sources: dict[str, Node] = {}
    groups: dict[str, Group] = {}
    macros: dict[str, Macro] = {}
    exposures: dict[str, Exposure] = {}

    @property
    def written_for(self) -> WrittenFor | None:
        """What the package noted while dbt parsed; None where it is not installed.

        dbt 1 keeps what its hook notes. dbt 2 keeps no config of a hook, and so the target is noted
        beside the macro in YAML, and the names of types are read from the text of the engine's.
        """
        for node in self.nodes.values():
            if node.resource_type == "operation" and node.package_name == "feature_warehouse":
                with suppress(LookupError, msgspec.ValidationError):
                    return msgspec.convert(node.config.meta["written_for"], WrittenFor)
        with suppress(LookupError, msgspec.ValidationError):
            noted = self.macros["macro.feature_warehouse.check_declarations"].meta["written_for"]
            return msgspec.convert(
                {
                    **noted,
                    "file": noted["file"] or None,
                    "spellings": self._answer(noted["adapter"], "type_spellings"),
                    "numeric": self._answer(noted["adapter"], "number_types")["numeric"],
                },
                WrittenFor,
            )
        return None

    def _answer(self, adapter: str, question: str) -> Any:
        """What an engine's macro returns, which is a literal. Raises LookupError."""
        text = self.macros[f"macro.feature_warehouse.{adapter}___{question}"].macro_sql
        found = _RETURNED.search(text)
        try:
            return literal_eval(re.sub(r"\bnone\b", "None", found[1])) if found else None
        except (ValueError, SyntaxError):
            raise LookupError(question) from None


_RETURNED = re.compile(r"\{\{ return\((.*)\) \}\}", re.DOTALL)


def read_manifest(manifest: Path) -> Manifest:
    """Read the file; UsageError if it is missing or no manifest."""
    try:
        return msgspec.json.decode(manifest.read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise UsageError(f"there is no {manifest}; run `dbt build` first") from None
    except OSError as error:
        raise UsageError(f"{manifest} cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise UsageError(
            f"{manifest} is not a dbt manifest ({error}); run `dbt build` again"
        ) from None


class _RunMetadata(msgspec.Struct):
    generated_at: datetime
    invocation_started_at: datetime | None = None


class _Timing(msgspec.Struct):
    started_at: datetime | None = None


class _RunResult(msgspec.Struct):
    unique_id: str
    status: str
    timing: list[_Timing] = []
    execution_time: float | None = None


_BUILDING = ("build", "run", "retry", "seed", "snapshot")


class _RunArguments(msgspec.Struct, frozen=True):
    vars: dict[str, Any] = {}
    which: str = "build"
    target: str | None = None


class _RunResults(msgspec.Struct):
    metadata: _RunMetadata
    results: list[_RunResult]
    args: _RunArguments = _RunArguments()


def read_variables(manifest: Path) -> dict[str, Any]:
    """The variables of the last dbt command that ran anything; empty where nobody knows them.

    dbt cannot read a project's configuration without those that it demands.
    """
    try:
        text = manifest.with_name("run_results.json").read_bytes()
        return msgspec.json.decode(text, type=_RunResults).args.vars
    except (OSError, msgspec.DecodeError, RecursionError):
        return {}


def read_build_seconds(manifest: Path) -> dict[str, float]:
    """By unique id, the seconds that the last dbt command took to build a node, where it did."""
    try:
        text = manifest.with_name("run_results.json").read_bytes()
        last = msgspec.json.decode(text, type=_RunResults)
    except (OSError, msgspec.DecodeError, RecursionError):
        return {}
    return {
        result.unique_id: result.execution_time
        for result in last.results
        if result.execution_time is not None
        and result.status == "success"
        and last.args.which in _BUILDING
    }


def read_build_times(manifest: Path, content: Manifest) -> Callable[[str], datetime | None]:
    """For a node's unique id, the start of the dbt invocation that built it.

    That is the one of ``run_results.json`` if it built the node, for the target of the manifest,
    and None, unknown, if it did not: dbt keeps the last command's only, be it `compile` or `test`.
    Without such a file it is the manifest's.
    """
    metadata, noted = content.metadata, content.written_for
    default = metadata.invocation_started_at or metadata.generated_at
    try:
        text = manifest.with_name("run_results.json").read_bytes()
        last = msgspec.json.decode(text, type=_RunResults)
    except (OSError, msgspec.DecodeError, RecursionError):
        return lambda _: default
    elsewhere = noted is not None and last.args.target not in (None, noted.target)
    if elsewhere or last.args.which not in _BUILDING:
        return lambda _: None
    # dbt 2 notes no more of the invocation than its end, and of each node when it began.
    began = [timing.started_at for result in last.results for timing in result.timing]
    started = last.metadata.invocation_started_at or min(
        filter(None, began), default=last.metadata.generated_at
    )
    built = {result.unique_id for result in last.results if result.status == "success"}
    return lambda node: started if node in built else None
