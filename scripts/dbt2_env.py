"""Make .venv-dbt2, in which dbt is dbt 2: ``.venv/bin/python scripts/dbt2_env.py``.

It has all packages of .venv, but nobody can import dbt-core in it. Exit codes: 0 ready, 1 dbt 2
cannot be had here, which a line says.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv-dbt2"
REQUIREMENTS = ROOT / "requirements/dbt2.txt"
BIN = ENVIRONMENT / "bin"
# The program and the driver that it looks for beside itself, `../lib/libduckdb.so`.
ENGINE = ENVIRONMENT / "engine"

NO_DBT_CORE = 'raise ImportError("dbt-core is not installed here")\n'
COMMAND = """#!{python}
import sys
from feature_warehouse.cli.app import main

sys.exit(main())
"""
LAUNCHER = """#!/bin/sh
LD_PRELOAD='{libpython}' exec '{program}' "$@"
"""


def main() -> int:
    """Make it unless it is there; return the exit code."""
    stamp = ENVIRONMENT / "stamp"
    wanted = _wanted()
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        return 0
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    libpython = Path(sysconfig.get_config_var("LIBDIR")) / sysconfig.get_config_var("INSTSONAME")
    if libpython.suffix == ".a" or not libpython.is_file():
        return _complain("this Python has no shared library, which DuckDB's driver needs")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ENVIRONMENT], check=True)
    pip = [sys.executable, "-I", "-m", "pip", "-qq", "--no-input", "--disable-pip-version-check"]
    into = ["--python", str(BIN / "python"), "install", "--requirement", str(REQUIREMENTS)]
    if subprocess.run([*pip, *into], capture_output=True, check=False).returncode:
        return _complain("the package index has no wheel of it for this machine")
    _fill(libpython)
    said = subprocess.run([BIN / "dbt", "--version"], capture_output=True, text=True, check=False)
    if said.returncode:
        return _complain("it does not run on this machine")
    stamp.write_text(wanted, encoding="ascii")
    return 0


def _fill(libpython: Path) -> None:
    """The driver, the packages of .venv and our commands."""
    for folder in ("bin", "lib"):
        (ENGINE / folder).mkdir(parents=True)
    program = (BIN / "dbt").rename(ENGINE / "bin" / "dbt")
    # DuckDB's own package is a driver, but for the symbols of the Python that imports it.
    driver = find_spec("_duckdb")
    assert driver is not None
    assert driver.origin is not None
    (ENGINE / "lib" / "libduckdb.so").symlink_to(driver.origin)
    _write(BIN / "dbt", LAUNCHER.format(libpython=libpython, program=program))
    for name in ("feature-warehouse", "fw"):
        _write(BIN / name, COMMAND.format(python=BIN / "python"))
    (BIN / "sqlfluff").symlink_to(Path(sys.executable).with_name("sqlfluff"))
    [packages] = ENVIRONMENT.glob("lib/python*/site-packages")
    own = sysconfig.get_path("purelib")
    (packages / "of_venv.pth").write_text(f"import site; site.addsitedir({own!r})\n")
    (packages / "dbt").mkdir()
    (packages / "dbt" / "__init__.py").write_text(NO_DBT_CORE)


def _write(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o755)


def _wanted() -> str:
    """What the stamp reads: of what it was made, and where."""
    parts = [REQUIREMENTS.read_bytes(), Path(__file__).read_bytes(), os.fsencode(ROOT)]
    parts.append(sys.version.encode())
    parts.append((ROOT / ".venv/stamp").read_bytes())
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def _complain(reason: str) -> int:
    print(f"dbt 2 cannot be had here: {reason}", flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
