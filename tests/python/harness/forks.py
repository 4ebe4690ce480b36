"""dbt and our command line without the seconds of their start: one process has them, and forks.

Started as a program, it reads requests as lines of JSON, and answers each with two lines: the
number of the process that is the command now, and the exit code that it came to. What it has done
before is to import, Great Expectations too, and to parse and compile all macros: dbt keeps what it
makes of a macro's text in caches, some of which are there for its own tests. The same project takes
a fifth of the time.

Our package asks dbt, too, by an interpreter of its own. In a test's process and in these commands
such a question becomes one more fork; the tests of the room that asks do without.
"""

import atexit
import gc
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import chdir, redirect_stdout, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import IO, Any

import feature_warehouse as package
from feature_warehouse.validation.gx.quiet import quiet

PRELOADED = (
    "dbt.cli.main",
    "dbt.adapters.duckdb",
    "dbt.adapters.postgres",
    "dbt.deps.resolver",
    "dbt.task.build",
    "dbt.task.deps",
    "sqlparse",
    "adbc_driver_postgresql.dbapi",
    "pandas",
    "pyarrow.parquet",
    "rich.progress",
)
"""Beside all modules of our package: what a command imports only when it gets there."""

THREADLESS = {
    "OPENBLAS_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
"""Libraries in C++ start threads when they are imported, which a fork would lack and wait for."""

NOWHERE = Path(os.devnull)
TASKS = Path("/proc/self/task")
HOST = {
    "dbt_project.yml": '{"name": "host", "profile": "host"}',
    "models/one.sql": "select 1 as id",
    "models/one.yml": "models: [{name: one, columns: [{name: id, data_tests: [unique]}]}]",
    "seeds/two.csv": "id",
}
"""A project with something of each kind that tests often have."""


class Requests:
    """Commands that are asked of a process that forks, one after another.

    A command is `dbt …`, `feature-warehouse …`, or `python -m …` with a module of our package.
    """

    def __init__(self, requests: IO[str], answers: IO[str]) -> None:
        self._requests, self._answers = requests, answers
        self.is_busy = False

    def run(
        self, command: tuple[str, ...], folder: Path, env: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        with TemporaryDirectory() as scratch:
            output, errors = Path(scratch, "output"), Path(scratch, "errors")
            process = self.start(command, folder, env, output, errors)
            try:
                code = self.wait()
            except BaseException:
                os.kill(process, signal.SIGKILL)
                self.wait()
                raise
            texts = (file.read_text() for file in (output, errors))
            return subprocess.CompletedProcess(command, code, *texts)

    def start(
        self,
        command: tuple[str, ...],
        folder: Path,
        env: Mapping[str, str],
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
        self._requests.write(json.dumps(request) + "\n")
        self._requests.flush()
        self.is_busy = True
        return self._answer()

    def wait(self) -> int:
        """The exit code of the run that was started last, or minus the signal that ended it."""
        code = self._answer()
        self.is_busy = False
        return code

    def close(self) -> None:
        self._requests.close()
        self._answers.close()

    def _answer(self) -> int:
        line = self._answers.readline()
        assert line, "the process that forks for dbt has ended"
        return int(line)


class Forks(Requests):
    """A process that forks, and its requests; ``prepared`` by what takes a dozen seconds."""

    def __init__(self, *, prepared: bool = True) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__, *["prepared"] * prepared],
            env=_untraced(os.environ) | THREADLESS,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid
        assert self._process.stdin
        assert self._process.stdout
        super().__init__(self._process.stdin, self._process.stdout)

    def close(self) -> None:
        super().close()
        self._process.wait()


def _untraced(env: Mapping[str, str]) -> dict[str, str]:
    """dbt runs no code of ours that coverage could count, and takes twice as long under it."""
    return {name: text for name, text in env.items() if not name.startswith("COVERAGE_")}


@cache
def forks() -> Forks:
    """The one of this process, which ends with it."""
    started = Forks()
    atexit.register(started.close)
    return started


def questions_to(requests_of: Callable[[], Requests]) -> Any:
    """What our package knows as ``subprocess`` where its questions to dbt become such requests."""

    def run(
        command: Iterable[str], *, cwd: Path, env: Mapping[str, str], check: bool, **options: Any
    ) -> "subprocess.CompletedProcess[str]":
        program, *arguments = command
        requests = requests_of()
        # Where a test has started a command, the next one does not wait for its end.
        if requests.is_busy:
            whole = [program, *arguments]
            return subprocess.run(whole, cwd=cwd, env=env, check=check, **options)
        return requests.run(("python", *arguments), cwd, env)

    return SimpleNamespace(run=run, DEVNULL=subprocess.DEVNULL)


def _serve(*, prepared: bool) -> None:
    # A Ctrl-C is for dbt and for the tests, after which there are no more requests.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if prepared:
        _prepare()
    gc.freeze()
    _fork(sys.stdin, sys.stdout)


def _prepare() -> None:
    with quiet():
        ours = (module.name for module in walk_packages(package.__path__, f"{package.__name__}."))
        for name in (*PRELOADED, *ours):
            import_module(name)
    # What dbt writes is the same, and takes a third of the time.
    json.dump = lambda value, file, **options: file.write(json.dumps(value, **options))
    _make_macros_once()
    _parse_macros()


def _make_macros_once() -> None:
    """dbt makes a macro for a context each time that it is called: half the time of a call."""
    from dbt_common.clients.jinja import BaseMacroGenerator

    make = BaseMacroGenerator.get_macro

    def get_macro(self: Any) -> Any:
        if "made" not in vars(self):
            self.made = make(self)
        return self.made

    BaseMacroGenerator.get_macro = get_macro  # type: ignore[method-assign]


def _fork(requests: IO[str], answers: IO[str]) -> None:
    """Answer requests until there are no more."""

    def say(number: int) -> None:
        answers.write(f"{number}\n")
        answers.flush()

    for line in requests:
        ended, held = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(ended)
            _become(json.loads(line), held)
        os.close(held)
        say(child)
        # Nothing is asked before there is an answer, so what can be read is that nobody waits.
        readable, _, _ = select.select([ended, requests], [], [])
        if ended not in readable:
            os.kill(child, signal.SIGKILL)
        os.close(ended)
        _, status = os.waitpid(child, 0)
        say(os.waitstatus_to_exitcode(status))


def _forking(held: int) -> Requests:
    """Requests to a fork of this process, which must have no threads yet.

    ``held`` is what shows that this process lives, and so not for the fork.
    """
    (read, ask), (hear, answer) = os.pipe(), os.pipe()
    if os.fork() == 0:
        for number in (ask, hear, held):
            os.close(number)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with suppress(OSError), os.fdopen(read) as requests, os.fdopen(answer, "w") as answers:
            _fork(requests, answers)
        os._exit(0)
    os.close(read)
    os.close(answer)
    return Requests(os.fdopen(ask, "w"), os.fdopen(hear))


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
            command = ["parse", *options, "--target", target]
            parsed: Any = dbtRunner().invoke(command).result
            # How its cache is read is known after the first time.
            dbtRunner().invoke(command)
            for macro in parsed.macros.values() if parsed else ():
                template_cache.get_node_template(macro)
    os.environ.clear()
    os.environ.update(environment)
    if TASKS.is_dir() and len(list(TASKS.iterdir())) > 1:
        raise RuntimeError("a process with threads cannot be forked")


def _become(request: dict[str, Any], held: int) -> None:
    """Does not return."""
    from dbt.cli.main import cli
    from dbt_common.exceptions import base

    from feature_warehouse import dbt_project
    from feature_warehouse.cli.app import main

    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    # dbt makes thousands of exceptions that nobody sees, and looks for secrets for each.
    base.env_secrets = cache(base.env_secrets)
    for number, file in enumerate(request["files"]):
        opened = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    program, *arguments = sys.argv = request["command"]
    if program == "feature-warehouse":
        requests = _forking(held)
        vars(dbt_project)["subprocess"] = questions_to(lambda: requests)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if program != "feature-warehouse":
        # dbt reads much that stays, and took a third of its time to look for what is gone.
        gc.set_threshold(200_000, 20, 100)
    try:
        if program == "dbt":
            cli(arguments)
        elif program == "feature-warehouse":
            main()
        else:
            _run_module(*arguments[1:])
    except SystemExit as end:
        _exit(end.code)


def _run_module(name: str, *arguments: str) -> None:
    """As `python -m` does. dbt's is imported already."""
    from dbt.cli.main import cli

    if name == "dbt.cli.main":
        cli(arguments)
    sys.argv = [name, *arguments]
    runpy.run_module(name, run_name="__main__", alter_sys=True)


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


if __name__ == "__main__":
    _serve(prepared="prepared" in sys.argv)
    _exit(0)
