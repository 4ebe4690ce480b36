"""``scripts/env.py`` with venv and pip replaced: what it decides to do, not the installing."""

import ast
import fcntl
import importlib.util
import subprocess
import sys
import threading
from pathlib import Path
from types import ModuleType

import pytest

from harness.support import ROOT

SCRIPT = ROOT / "scripts/env.py"


@pytest.fixture
def env() -> ModuleType:
    spec = importlib.util.spec_from_file_location("env_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def root(tmp_path: Path) -> Path:
    project = tmp_path / "a project"
    (project / "requirements").mkdir(parents=True)
    (project / "requirements/demo.txt").write_text("one==1\n")
    (project / "requirements/test.txt").write_text("one==1\ntwo==2\n")
    (project / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    return project


@pytest.fixture
def done(env: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was run, one word each: venv, the requirement file, or the project itself."""
    commands: list[str] = []

    def run(command: list[str], root: Path) -> None:
        commands.append("venv" if "venv" in command else command[-1])
        if "venv" in command:
            (root / ".venv/bin").mkdir(parents=True)
            (root / ".venv/bin/python").touch()

    monkeypatch.setattr(env, "_run", run)
    return commands


ALL_OF_DEMO = ["venv", "requirements/demo.txt", "."]
ALL_OF_TEST = ["venv", "requirements/test.txt", "."]


def again(env: ModuleType, root: Path, done: list[str], kind: str) -> list[str]:
    done.clear()
    assert env.main([kind], root) == 0
    return done


def test_it_installs_once(env: ModuleType, root: Path, done: list[str]) -> None:
    assert again(env, root, done, "demo") == ALL_OF_DEMO
    assert again(env, root, done, "demo") == []


def test_the_tests_are_added_to_the_demo_and_serve_it(
    env: ModuleType, root: Path, done: list[str]
) -> None:
    env.main(["demo"], root)
    assert again(env, root, done, "test") == ALL_OF_TEST[1:]
    assert again(env, root, done, "demo") == []


@pytest.mark.parametrize("file", ["requirements/demo.txt", "pyproject.toml"])
def test_what_is_out_of_date_is_made_anew(
    env: ModuleType, root: Path, done: list[str], file: str
) -> None:
    env.main(["demo"], root)
    (root / ".venv/left over").touch()
    (root / file).write_text((root / file).read_text().replace("1", "2").replace("x", "y"))
    assert again(env, root, done, "demo") == ALL_OF_DEMO
    assert not (root / ".venv/left over").exists()


def test_settings_of_tools_install_nothing(env: ModuleType, root: Path, done: list[str]) -> None:
    env.main(["demo"], root)
    with (root / "pyproject.toml").open("a") as file:
        file.write("[tool.ruff]\nline-length = 100\n")
    assert again(env, root, done, "demo") == []


def test_a_moved_project_is_made_anew(env: ModuleType, root: Path, done: list[str]) -> None:
    env.main(["demo"], root)
    assert again(env, root.rename(root.with_name("moved")), done, "demo") == ALL_OF_DEMO


@pytest.mark.parametrize("missing", ["stamp", "bin/python"])
def test_a_half_made_environment_is_repaired(
    env: ModuleType, root: Path, done: list[str], missing: str
) -> None:
    env.main(["demo"], root)
    (root / ".venv" / missing).unlink()
    assert again(env, root, done, "demo") == ALL_OF_DEMO


def test_a_failed_installation_is_no_installation(
    env: ModuleType,
    root: Path,
    done: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object) -> None:
        raise subprocess.CalledProcessError(1, "pip")

    with monkeypatch.context() as broken:
        broken.setattr(env, "_pip", fail)
        assert env.main(["demo"], root) == 1
    assert capfd.readouterr().err.endswith("failed, see above; run make again to retry\n")
    assert again(env, root, done, "demo") == ALL_OF_DEMO


def test_a_second_make_waits_for_the_first(
    env: ModuleType,
    root: Path,
    done: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    waiting = threading.Event()

    def say(message: str) -> None:
        said.append(message)
        waiting.set()

    monkeypatch.setattr(env, "_say", say)
    with (root / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = threading.Thread(target=env.main, args=(["demo"], root))
        second.start()
        assert waiting.wait(10)
        assert said == ["waiting for another make to finish setting up .venv"]
        assert done == []
        # What the first make would leave behind.
        env._make(root, "demo")
        done.clear()
    second.join(10)
    assert done == []


def test_python_without_venv_is_told_in_one_line(
    env: ModuleType,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert env.main(["demo"], root) == 2
    assert "apt-get install python3-venv" in capfd.readouterr().err


def test_an_unknown_kind_is_refused() -> None:
    command = [sys.executable, str(SCRIPT), "prod"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert answer.stderr == "usage: python3 scripts/env.py demo|test\n"


def test_an_old_python_gets_as_far_as_the_message() -> None:
    ast.parse(SCRIPT.read_text(), feature_version=(3, 6))
