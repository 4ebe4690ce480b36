"""A dbt project as the command line and notebooks name it, and what its macros say."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import chdir
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from feature_warehouse.errors import BusyError, UnreachableError, UsageError
from feature_warehouse.warehouse import Warehouse, open_warehouse
from feature_warehouse.warehouse.profile import Profile, load_profile

__all__ = ["DbtProject", "patiently"]

Result = TypeVar("Result")


class DbtProject:
    """A project folder, a target, and the folder of what dbt has parsed and compiled."""

    def __init__(
        self,
        project_dir: str | Path = ".",
        *,
        profiles_dir: str | Path | None = None,
        target: str | None = None,
        target_path: str | Path = "target",
        wait: bool = False,
    ) -> None:
        """Without arguments the same rules hold as for `dbt build` in ``project_dir``.

        ``wait`` waits while another process holds the DuckDB file.
        """
        self.folder = Path(project_dir).absolute()
        self.target_path = self.folder / target_path
        self._profiles_dir = Path(profiles_dir).absolute() if profiles_dir else None
        self._target = target
        self._wait = wait

    @cached_property
    def profile(self) -> Profile:
        """The rendered target."""
        return load_profile(self.folder, self._profiles_dir, self._target)

    def open_warehouse(self) -> Warehouse:
        """Connect as dbt does: a path in the profile is relative to the project."""
        profile = self.profile

        def connect() -> Warehouse:
            with chdir(self.folder):
                return open_warehouse(profile)

        return patiently(connect, self._wait)

    def call(self, macro: str, *arguments: Any) -> Any:
        """What a macro of the package returns as JSON. Compiles in a folder of its own.

        Raises UsageError with the mistakes that the macro found, UnreachableError or BusyError.
        """
        # dbt would make a DuckDB file that is not there, and is slower to say what is wrong.
        self.open_warehouse().close()
        # A JSON text in JSON quotes is a text to Jinja.
        texts = ", ".join(f"fromjson({json.dumps(json.dumps(value))})" for value in arguments)
        jinja = f"{{{{ feature_warehouse.{macro}({texts}) }}}}"
        return patiently(lambda: self._compiled(jinja), self._wait)

    def _compiled(self, jinja: str) -> Any:
        output = self._dbt("compile", "--inline", jinja, "--output", "json")
        return json.loads(json.loads(output[output.index("{") :])["compiled"])

    def select(self, select: Sequence[str], exclude: Sequence[str]) -> set[str]:
        """The models that dbt's selectors name, as their unique ids.

        Raises UsageError for a selector that dbt refuses.
        """
        options = [*(f"--select={text}" for text in select)]
        options += [f"--exclude={text}" for text in exclude]
        kind = ["--resource-type", "model", "--output", "json", "--output-keys", "unique_id"]
        output = patiently(lambda: self._dbt("ls", *options, *kind), self._wait)
        lines = [line for line in output.splitlines() if line.startswith("{")]
        return {json.loads(line)["unique_id"] for line in lines}

    def _dbt(self, *work: str) -> str:
        """What a dbt command prints. It runs in a folder of its own, with dbt's parse cache."""
        parsed = self.target_path / "partial_parse.msgpack"
        result = self._run_dbt(work, parsed if parsed.is_file() else None)
        if result.returncode and parsed.is_file() and "Compilation Error" in result.stdout:
            # With a cache older than the macros dbt sometimes finds a test twice.
            result = self._run_dbt(work, None)
        if result.returncode:
            raise _explained(result.stdout + result.stderr)
        return result.stdout

    def _run_dbt(
        self, work: Sequence[str], parsed: Path | None
    ) -> "subprocess.CompletedProcess[str]":
        with TemporaryDirectory() as scratch:
            if parsed:
                shutil.copy(parsed, scratch)
            options = ["--project-dir", self.folder, "--target", self.profile.target]
            options += ["--target-path", scratch, "--log-path", scratch]
            if work[0] == "compile":
                options.append("--no-populate-cache")
            if self._profiles_dir:
                options += ["--profiles-dir", self._profiles_dir]
            dbt = [sys.executable, "-m", "dbt.cli.main", "--no-send-anonymous-usage-stats"]
            quiet = ["--quiet", "--no-use-colors", "--log-level-file", "none"]
            return subprocess.run(
                [*dbt, *quiet, *work, *map(str, options)],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )


def patiently(attempt: Callable[[], Result], wait: bool) -> Result:
    """The result of the attempt; with ``wait``, as soon as nothing is busy any more."""
    while True:
        try:
            return attempt()
        except BusyError:
            if not wait:
                raise
            time.sleep(0.5)


def _explained(output: str) -> Exception:
    """Our own mistakes in one line. Of dbt's messages only those that cannot hold a secret."""
    lines = [line.strip() for line in output.splitlines()]
    for number, line in enumerate(lines):
        if line.startswith("feature_warehouse: "):
            mistakes = []
            for text in lines[number + 1 :]:
                if not text.startswith("- "):
                    break
                mistakes.append(text.removeprefix("- "))
            head = line.removeprefix("feature_warehouse: ")
            if not mistakes:
                return UsageError(head)
            return UsageError(f"{head.partition(' has ')[0]}: {'; '.join(mistakes)}")
    if "Could not set lock" in output:
        return BusyError(
            "the DuckDB file is open in another process; try again when it has finished, or pass"
            " --wait"
        )
    if "is undefined" in output and "feature_warehouse" in output:
        return UsageError(
            "the project has no package feature_warehouse; name it in packages.yml and run `dbt"
            " deps`"
        )
    if "Compilation Error" in output:
        number = next(n for n, line in enumerate(lines) if "Compilation Error" in line)
        text = " ".join(" ".join(lines[number + 1 : number + 4]).split())
        return UsageError(f"dbt cannot compile the project: {text}")
    if "connect" in output.lower():
        return UnreachableError("the warehouse does not let dbt in; `dbt debug` says why")
    return UsageError("dbt cannot compile the project; `dbt compile` says why")
