"""Which dbt there is: dbt-core in this interpreter, or dbt 2, a program of its own."""

import re
import shutil
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from feature_warehouse.engines.profile import NO_DBT
from feature_warehouse.errors import UsageError

__all__ = ["dbt_2"]

_VERSION = re.compile(r"\b([0-9]+)\.[0-9]+\.[0-9]+")


@cache
def dbt_2() -> str | None:
    """The program of dbt 2, None where dbt is dbt-core and can be imported. Raises UsageError.

    It is looked for beside this interpreter and then on the PATH, and asked which version it is,
    unless it is a script of Python, as dbt-core's is.
    """
    beside = Path(sys.executable).with_name("dbt")
    program = str(beside) if beside.is_file() else shutil.which("dbt")
    is_importable = _is_importable()
    if is_importable and (program is None or _is_python(Path(program))):
        return None
    if program is None:
        raise UsageError(NO_DBT)
    if _major(program) >= 2:
        return program
    if is_importable:
        return None
    raise UsageError(
        f"{program} is dbt-core of another environment; install feature-warehouse into that one"
    )


def _is_importable() -> bool:
    try:
        return find_spec("dbt.cli.main") is not None
    except ImportError:
        return False


def _is_python(program: Path) -> bool:
    with program.open("rb") as file:
        first = file.readline(200)
    return first.startswith(b"#!") and b"python" in first


def _major(program: str) -> int:
    """The number before the first point of the version; 0 where it says none."""
    try:
        said = subprocess.run(
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        ).stdout
    except OSError:
        return 0
    found = _VERSION.search(said)
    return int(found[1]) if found else 0
