"""Make .venv with everything pinned: ``python3 scripts/env.py demo`` or ``test``.

Runs with the system's Python and nothing else, before anything is installed. ``test`` holds all of
``demo`` in the same versions, so one folder serves both. Repeated runs only compare a hash; what is
unfinished or out of date is made anew. Exit codes: 0 ready, 1 not installed, 2 wrong use.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time

# Before anything that an older Python cannot even compile or import, and in words that it knows;
# the rules that are switched off take 3.11 for granted.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.stderr.write(
        "Python 3.11 or newer is needed, this is %d.%d: make PYTHON=python3.11 ...\n"  # noqa: UP031
        % sys.version_info[:2]
    )
    sys.exit(2)

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KINDS = ("demo", "test")


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Make the environment of the one kind named in ``arguments``; return the exit code."""
    if len(arguments) != 1 or arguments[0] not in KINDS:
        return _complain("usage: python3 scripts/env.py demo|test", 2)
    kind = arguments[0]
    if is_ready(root, kind):
        return 0
    if importlib.util.find_spec("ensurepip") is None:
        return _complain(
            f"{sys.executable} cannot make virtual environments: install its venv package "
            "(Debian and Ubuntu: apt-get install python3-venv) and run make again",
            2,
        )
    try:
        with _alone(root):
            if not is_ready(root, kind):
                _make(root, kind)
    except subprocess.CalledProcessError:
        return _complain("setting up .venv failed, see above; run make again to retry", 1)
    except KeyboardInterrupt:
        return _complain("setting up .venv was interrupted; run make again to finish it", 130)
    return 0


def is_ready(root: Path, kind: str) -> bool:
    """Tell whether .venv holds what ``kind`` needs, in the versions now asked for."""
    if not (root / ".venv/bin/python").exists():
        return False
    stamp = _stamp(root)
    return any(stamp == _wanted(root, each) for each in KINDS[KINDS.index(kind) :])


def _wanted(root: Path, kind: str) -> str:
    """Return what the stamp of a finished .venv of this kind reads."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    # The settings of linters and test tools, also in there, change nothing that is installed.
    installed = [project.get("build-system"), project.get("project")]
    parts = [
        json.dumps(installed, sort_keys=True).encode(),
        (root / f"requirements/{kind}.txt").read_bytes(),
        Path(__file__).read_bytes(),
        sys.version.encode(),
        # A virtual environment holds its own path and does not survive being moved.
        os.fsencode(root),
    ]
    digest = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts))
    return f"{kind} {digest.hexdigest()}"


def _stamp(root: Path) -> str:
    try:
        return (root / ".venv/stamp").read_text(encoding="ascii")
    except FileNotFoundError:
        return ""


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Hold the lock that all runs share; the system frees it even if this process is killed."""
    with (root / ".venv.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("waiting for another make to finish setting up .venv")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(root: Path, kind: str) -> None:
    started = time.monotonic()
    venv = root / ".venv"
    if is_ready(root, "demo"):
        _say("adding what the tests need to .venv")
        (venv / "stamp").unlink()
    else:
        _say(f"{'remaking' if venv.exists() else 'making'} .venv with {_python()}")
        # The stamp goes first: whoever looks meanwhile must not take half a folder for a whole.
        (venv / "stamp").unlink(missing_ok=True)
        shutil.rmtree(venv, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(venv)], root)
    requirements = f"requirements/{kind}.txt"
    _say(f"installing {_count(root / requirements)} packages, which can take some minutes")
    _pip(root, "--requirement", requirements)
    _pip(root, "--no-deps", "--no-build-isolation", "--editable", ".")
    (venv / "stamp").write_text(_wanted(root, kind), encoding="ascii")
    _say(f".venv is ready after {time.monotonic() - started:.0f} s")


def _pip(root: Path, *arguments: str) -> None:
    # Isolated from PYTHONPATH and the user's own packages; pip's settings still apply.
    pip = [str(root / ".venv/bin/python"), "-I", "-m", "pip", "-qq", "--no-input"]
    _run([*pip, "--disable-pip-version-check", "install", *arguments], root)


def _run(command: list[str], root: Path) -> None:
    subprocess.run(command, cwd=root, check=True, stdin=subprocess.DEVNULL)


def _count(requirements: Path) -> int:
    return sum("==" in line for line in requirements.read_text(encoding="utf-8").splitlines())


def _python() -> str:
    return "Python {}.{}.{}".format(*sys.version_info)


def _say(message: str) -> None:
    print(message, flush=True)


def _complain(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
