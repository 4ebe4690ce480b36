"""dbt and our command line without the seconds of their start: one process has them, and forks.

Started as a program, it reads requests as lines of JSON, and answers each with two lines: the
number of the process that is the command now, and the exit code that it came to. What it has done
before is to import, and to parse and compile all macros: dbt keeps what it makes of a macro's text
in caches, some of which are there for its own tests. The same project takes a fifth of the time.
"""

import atexit
import gc
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import chdir, redirect_stdout
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

PRELOADED = (
    "dbt.cli.main",
    "dbt.adapters.duckdb",
    "dbt.adapters.postgres",
    "dbt.deps.resolver",
    "dbt.task.build",
    "dbt.task.deps",
    "sqlparse",
    "feature_warehouse.cli.app",
)


NOWHERE = Path(os.devnull)
TASKS = Path("/proc/self/task")
HOST = {
    "dbt_project.yml": '{"name": "host", "profile": "host"}',
    "models/one.sql": "select 1 as id",
    "models/one.yml": "models: [{name: one, columns: [{name: id, data_tests: [unique]}]}]",
    "seeds/two.csv": "id",
}
"""A project with something of each kind that tests often have."""


class Forks:
    """Runs of `dbt` and `feature-warehouse`, one after another."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__],
            env=_untraced(dict(os.environ)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid

    def run(
        self, command: tuple[str, ...], folder: Path, env: dict[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        with TemporaryDirectory() as scratch:
            output, errors = Path(scratch, "output"), Path(scratch, "errors")
            self.start(command, folder, env, output, errors)
            code = self.wait()
            texts = (file.read_text() for file in (output, errors))
            return subprocess.CompletedProcess(command, code, *texts)

    def start(
        self,
        command: tuple[str, ...],
        folder: Path,
        env: dict[str, str],
        output: Path,
        errors: Path,
    ) -> int:
        """The number of the process, of which ``env`` is the whole environment."""
        request = {
            "command": command,
            "folder": str(folder),
            "env": _untraced(env),
            "files": (os.devnull, str(output), str(errors)),
        }
        assert self._process.stdin
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def wait(self) -> int:
        """The exit code of the run that was started last, or minus the signal that ended it."""
        return self._answer()

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _answer(self) -> int:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "the process that forks for dbt has ended"
        return int(line)


def _untraced(env: dict[str, str]) -> dict[str, str]:
    """dbt runs no code of ours that coverage could count, and takes twice as long under it."""
    return {name: text for name, text in env.items() if not name.startswith("COVERAGE_")}


@cache
def forks() -> Forks:
    """The one of this process, which ends with it."""
    started = Forks()
    atexit.register(started.close)
    return started


def _serve() -> None:
    # A Ctrl-C is for dbt and for the tests, after which there are no more requests.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in PRELOADED:
        import_module(name)
    _parse_macros()
    gc.freeze()
    for line in sys.stdin:
        ended, held = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(ended)
            _become(json.loads(line))
        os.close(held)
        _say(child)
        # The tests ask nothing while they wait, so what can be read is that they are gone.
        readable, _, _ = select.select([ended, sys.stdin], [], [])
        if ended not in readable:
            os.kill(child, signal.SIGKILL)
        os.close(ended)
        _, status = os.waitpid(child, 0)
        _say(os.waitstatus_to_exitcode(status))


def _parse_macros() -> None:
    """Have dbt parse a host project on each engine; where it fails, each run says so for itself."""
    from dbt.cli.main import dbtRunner
    from dbt_common.clients.jinja import template_cache
    from dbt_common.tests import enable_test_caching

    enable_test_caching()
    root = Path(__file__).parents[3]
    environment = dict(os.environ)
    # What dbt says must not look like an answer.
    with TemporaryDirectory() as scratch, chdir(scratch), redirect_stdout(sys.stderr):
        Path("dbt_packages").mkdir()
        Path("dbt_packages", "feature_warehouse").symlink_to(root)
        for name, text in HOST.items():
            Path(name).parent.mkdir(exist_ok=True)
            Path(name).write_text(text)
        profiles = (root / "profiles.example.yml").read_text()
        Path("profiles.yml").write_text(profiles.replace("\nfeature_warehouse:\n", "\nhost:\n"))
        os.environ |= {"DBT_PROFILES_DIR": scratch, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
        for target in ("duckdb", "postgres"):
            # Its parser in Rust has threads, which a fork would lack and wait for.
            options = ("--quiet", "--no-static-parser")
            parsed: Any = dbtRunner().invoke(["parse", *options, "--target", target]).result
            for macro in parsed.macros.values() if parsed else ():
                template_cache.get_node_template(macro)
    os.environ.clear()
    os.environ.update(environment)
    if TASKS.is_dir() and len(list(TASKS.iterdir())) > 1:
        raise RuntimeError("a process with threads cannot be forked")


def _become(request: dict[str, Any]) -> None:
    """Does not return."""
    from dbt.cli.main import cli

    from feature_warehouse.cli.app import main

    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    for number, file in enumerate(request["files"]):
        opened = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    program, *arguments = sys.argv = request["command"]
    try:
        if program == "dbt":
            cli(arguments)
        main()
    except SystemExit as end:
        _exit(end.code)


def _exit(code: str | int | None) -> None:
    """Leave as the interpreter does, but free nothing: that takes longer than most commands."""
    if isinstance(code, str):
        sys.stderr.write(f"{code}\n")
        code = 1
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _serve()
    _exit(0)
