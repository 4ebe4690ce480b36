"""A dbt project as the command line and notebooks name it, and what its macros say."""

import json
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from feature_warehouse.dbt_project.messages import explained, selection_mistake
from feature_warehouse.dbt_project.program import dbt_2
from feature_warehouse.dbt_project.running import run
from feature_warehouse.dbt_project.targets import refuse_another
from feature_warehouse.declarations.blocks import DECLARABLE
from feature_warehouse.declarations.manifest import read_manifest, read_variables
from feature_warehouse.declarations.staleness import is_current
from feature_warehouse.engines import Tables, Warehouse, open_tables, open_warehouse
from feature_warehouse.engines.profile import Profile, load_profile, profiles_folder
from feature_warehouse.errors import BusyError, UsageError

__all__ = ["DbtProject", "patiently", "scratch_folder"]

Result = TypeVar("Result")

# Before the command; what dbt 2 has as well comes after it.
_DBT_1 = ("--no-use-colors", "--log-level-file", "none")


class DbtProject:
    """A project folder, a target, and the folder of what dbt has parsed and compiled."""

    def __init__(
        self,
        project_dir: str | Path = ".",
        *,
        profiles_dir: str | Path | None = None,
        profile: str | None = None,
        target: str | None = None,
        target_path: str | Path = "target",
        variables: Mapping[str, Any] | None = None,
        wait: bool = False,
    ) -> None:
        """Without arguments the same rules hold as for `dbt build` in ``project_dir``.

        ``variables`` are those of dbt's ``--vars``. ``wait`` waits while another process holds the
        DuckDB file.
        """
        self.folder = Path(project_dir).absolute()
        self.target_path = self.folder / target_path
        self._profiles_dir = Path(profiles_dir).absolute() if profiles_dir else None
        self._profile_name = profile
        self._target = target
        self._variables = dict(variables or {})
        self._wait = wait

    @cached_property
    def profile(self) -> Profile:
        """The rendered target."""
        return load_profile(
            self.folder, self._profiles_dir, self._target, self._profile_name, self._variables
        )

    def open_warehouse(self) -> Warehouse:
        """Connect as dbt does: paths are relative to the project."""
        profile = self.profile
        return patiently(lambda: open_warehouse(profile, self.folder), self._wait)

    def open_tables(self) -> Tables:
        """The same, to add rows to tables."""
        profile = self.profile
        return patiently(lambda: open_tables(profile, self.folder), self._wait)

    def call(self, macro: str, *arguments: Any) -> Any:
        """What a macro of the package returns as JSON. Compiles in a folder of its own.

        Raises UsageError with the mistakes that the macro found, UnreachableError or BusyError.
        """
        # dbt would make a DuckDB file that is not there, and is slower to say what is wrong.
        self.open_warehouse().close()
        texts = ", ".join(map(_literal, arguments))
        jinja = f"{{{{ feature_warehouse.{macro}({texts}) }}}}"
        return patiently(lambda: self._compiled(jinja), self._wait)

    def _compiled(self, jinja: str) -> Any:
        if dbt_2():
            # `--quiet` leaves out what was compiled, and not what is printed.
            said = f"{{% if execute %}}{{{{ print({jinja[2:-2]}) }}}}{{% endif %}}"
            result = self._in_scratch("compile", "--inline", said)
            if result.returncode:
                raise explained(result.stdout + result.stderr)
            # What the project itself prints comes before.
            return json.loads(result.stdout.strip().rpartition("\n")[2])
        work = ("compile", "--inline", jinja, "--output", "json", "--no-populate-cache")
        result = self._on_manifest(*work) if self._is_parsed() else self._parsing(*work)
        if result.returncode:
            raise explained(result.stdout + result.stderr)
        return json.loads(json.loads(result.stdout[result.stdout.index("{") :])["compiled"])

    def _is_parsed(self) -> bool:
        """Whether dbt's manifest is that of this target, and of the files as they are now."""
        if self._variables:
            return False
        file = self.target_path / "manifest.json"
        try:
            manifest = read_manifest(file)
            refuse_another(file, manifest.written_for, self.profile, self.folder)
        except UsageError:
            return False
        return is_current(file, self.folder)

    def select(
        self,
        select: Sequence[str],
        exclude: Sequence[str],
        selector: str | None = None,
        state: str | None = None,
    ) -> set[str]:
        """What dbt's selectors name of the manifest and may be a feature view, as unique ids.

        ``selector`` is one of the project's selectors.yml, ``state`` the folder that the method
        ``state:`` compares with, relative to the project. UsageError for what dbt refuses.
        """
        options = [*(f"--select={text}" for text in select)]
        options += [f"--exclude={text}" for text in exclude]
        options += [f"--selector={selector}"] if selector else []
        options += ["--state", str(self.folder / state)] if state else []
        kind = [f"--resource-type={kind}" for kind in DECLARABLE]
        kind += ["--output", "json", "--output-keys", "unique_id"]
        work = ("ls", *options, *kind)
        result = self._in_scratch(*work) if dbt_2() else self._on_manifest(*work)
        if result.returncode:
            words, said = " ".join(options), result.stdout + result.stderr
            raise UsageError(f"dbt refuses {words}: {selection_mistake(said)}")
        lines = [line for line in result.stdout.splitlines() if line.startswith("{")]
        return {json.loads(line)["unique_id"] for line in lines}

    def run_elsewhere(
        self, folder: Path, *work: str, env: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        """A dbt command on the project in another folder, with this one's target and variables.

        All that dbt writes into files goes there. It is asked to end, and not only killed, if this
        process is interrupted; so it can tell the warehouse.
        """
        profile = self.profile
        program = [str(dbt_2())] if dbt_2() else [sys.executable, "-m", "dbt.cli.main", *_DBT_1]
        options = ["--project-dir", str(folder), "--target-path", str(folder / "target")]
        options += ["--log-path", str(folder / "logs")]
        options += ["--profile", profile.name, "--target", profile.target]
        profiles = self._profiles_dir or profiles_folder(self.folder)
        options += ["--profiles-dir", str(profiles.absolute())]
        if self._variables:
            options += ["--vars", _yaml(self._variables)]
        return run(
            [*program, *work, *options, "--quiet", "--no-send-anonymous-usage-stats"],
            cwd=self.folder,
            env={**os.environ, "DBT_STATIC_ANALYSIS": "off", **env},
        )

    def _in_scratch(self, *work: str) -> "subprocess.CompletedProcess[str]":
        """A command of dbt 2, which parses everything in a second, in a folder of its own."""
        with scratch_folder() as scratch:
            return self._run([str(dbt_2())], work, scratch, self._variables)

    def _on_manifest(self, *work: str) -> "subprocess.CompletedProcess[str]":
        manifest = self.target_path / "manifest.json"
        given = self._variables or read_variables(manifest)
        with scratch_folder() as scratch:
            module = "feature_warehouse.dbt_project._on_manifest"
            program = [sys.executable, "-m", module, str(manifest), *_DBT_1]
            return self._run(program, work, scratch, given)

    def _parsing(self, *work: str) -> "subprocess.CompletedProcess[str]":
        """A dbt command that parses the project, in a folder of its own, with dbt's parse cache."""
        cache = self.target_path / "partial_parse.msgpack"
        program = [sys.executable, "-m", "dbt.cli.main", *_DBT_1]
        with scratch_folder() as scratch:
            if cache.is_file():
                shutil.copy(cache, scratch)
            result = self._run(program, work, scratch, self._variables)
        if result.returncode and cache.is_file() and "Compilation Error" in result.stdout:
            # With a cache older than the macros dbt sometimes finds a test twice.
            with scratch_folder() as scratch:
                result = self._run(program, work, scratch, self._variables)
        return result

    def _run(
        self,
        program: Sequence[str],
        work: Sequence[str],
        scratch: str,
        variables: Mapping[str, Any],
    ) -> "subprocess.CompletedProcess[str]":
        options = ["--project-dir", str(self.folder), "--target-path", scratch]
        options += ["--log-path", scratch]
        # Only what was named: dbt's cache is of no use to a command that names more.
        if self._target:
            options += ["--target", self._target]
        if self._profile_name:
            options += ["--profile", self._profile_name]
        if self._profiles_dir:
            options += ["--profiles-dir", str(self._profiles_dir)]
        if variables:
            options += ["--vars", _yaml(variables)]
        return subprocess.run(
            [*program, *work, *options, "--quiet", "--no-send-anonymous-usage-stats"],
            cwd=self.folder,
            env={**os.environ, "DBT_STATIC_ANALYSIS": "off"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def _yaml(variables: Mapping[str, Any]) -> str:
    """A line of YAML, for JSON has no dates; neither dbt takes a text in quotes for a number."""
    import yaml  # comes with dbt

    class Dumper(yaml.SafeDumper):
        pass

    Dumper.add_representer(
        str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
    )
    line: str = yaml.dump(
        dict(variables),
        Dumper=Dumper,
        default_flow_style=True,
        sort_keys=False,
        allow_unicode=True,
        width=math.inf,
    )
    return line.strip()


def _literal(value: Any) -> str:
    """A value of JSON in Jinja. By fromjson() dbt 2 would sort the keys, which are in an order."""
    if isinstance(value, dict):
        pairs = (f"{_literal(key)}: {_literal(each)}" for key, each in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_literal, value))}]"
    return "none" if value is None else json.dumps(value, ensure_ascii=False)


@contextmanager
def scratch_folder() -> Iterator[str]:
    """A folder for what dbt writes."""
    try:
        with TemporaryDirectory() as folder:
            yield folder
    except OSError as error:
        raise UsageError(
            f"dbt has no folder to write to ({error.strerror}); set TMPDIR to a folder with free"
            " space"
        ) from None


def patiently(attempt: Callable[[], Result], wait: bool) -> Result:
    """The result of the attempt; with ``wait``, as soon as nothing is busy any more."""
    while True:
        try:
            return attempt()
        except BusyError:
            if not wait:
                raise
            time.sleep(0.5)
