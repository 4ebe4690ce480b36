"""dbt without the two seconds of its imports: a process that has them forks for each run.

Started as a program, it reads requests as lines of JSON, and answers each with two lines: the
number of the process that is dbt now, and the exit code that it came to.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Self

from support import ROOT, _clean_environment


class Runs:
    """Runs of dbt, one after another."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    @classmethod
    @contextmanager
    def server(cls) -> Iterator[Self]:
        with subprocess.Popen(
            [sys.executable, "-m", __name__],
            cwd=ROOT / "tests" / "python",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            yield cls(process)
            assert process.stdin
            process.stdin.close()

    def start(self, arguments: tuple[str, ...], folder: Path, env: dict[str, str]) -> int:
        """The number of the process. What dbt says goes to a file in the folder."""
        request = {
            "arguments": arguments,
            "folder": str(folder),
            "env": {
                **_clean_environment(),
                "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
                "DBT_USE_COLORS": "false",
                # They are a quarter of its work.
                "DBT_WRITE_JSON": "false",
                **env,
            },
        }
        assert self._process.stdin
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def wait(self) -> int:
        """The exit code of the run that was started last."""
        return self._answer()

    def _answer(self) -> int:
        assert self._process.stdout
        return int(self._process.stdout.readline())


OUTPUT = "dbt.output"


def _serve() -> None:
    from dbt.cli.main import cli

    for adapter in ("duckdb", "postgres"):
        import_module(f"dbt.adapters.{adapter}")
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            os.chdir(request["folder"])
            os.environ.clear()
            os.environ.update(request["env"])
            output = os.open(OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(output, 1)
            os.dup2(output, 2)
            cli(request["arguments"])
        _say(child)
        _, status = os.waitpid(child, 0)
        _say(os.waitstatus_to_exitcode(status))


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _serve()
