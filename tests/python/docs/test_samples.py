"""README and the tutorial do what they say: their samples are run on DuckDB, in a new project.

What cannot be run here is looked at: that a target of make and an extra of the package exist.
"""

import re
import tomllib
from pathlib import Path

import pytest

from feature_warehouse.dev.servers import Valkey
from harness.command_line import Fw, in_process
from harness.samples import play, samples
from harness.support import ROOT, clear_environment, dbt

README = ROOT / "README.md"
TUTORIAL = ROOT / "docs/tutorial.md"
SHOWN = "redis://localhost:6379/0"

PREPARED = ("dbt_project.yml", "profiles.yml", "seeds")
"""What README takes for granted: a project of one's own with two tables."""


class Shell:
    """A shell that knows the commands of the documentation."""

    def __init__(self, fw: Fw, monkeypatch: pytest.MonkeyPatch) -> None:
        self._fw = fw
        self._patch = monkeypatch
        self._exported: dict[str, str] = {}

    def run(self, command: list[str]) -> tuple[int, str]:
        match command:
            case ["cd", folder]:
                self._patch.chdir(folder)
            case ["mkdir", "-p", *folders]:
                for folder in folders:
                    Path(folder).mkdir(parents=True)
            case ["export", *pairs]:
                for pair in pairs:
                    name, _, text = pair.partition("=")
                    self._exported[name] = text
                    self._patch.setenv(name, text)
            case ["make", target]:
                assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
            case ["pip", "install", requirement]:
                assert set(re.findall(r"[\w-]+", requirement)) <= distributions()
            case _:
                return self._program(*command)
        return 0, ""

    def _program(self, name: str, *arguments: str) -> tuple[int, str]:
        if arguments == ("dev-server", "--port", "6379"):
            return 0, ""  # the one of the tests has another port
        if name == "feature-warehouse":
            code, out, err = self._fw(*arguments)
            return code, out + err
        assert name == "dbt", f"nothing runs {name}"
        use_this_package()
        done = dbt(*arguments, project=Path.cwd(), env=self._exported, check=False)
        return done.returncode, done.stdout + done.stderr


def distributions() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {project["name"], *project["optional-dependencies"]}


def use_this_package() -> None:
    file = Path("packages.yml")
    if "git:" in file.read_text():
        file.write_text(f"packages:\n  - local: {ROOT}\n")


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    clear_environment(monkeypatch)
    monkeypatch.chdir(tmp_path)
    return Shell(in_process(monkeypatch, capsys), monkeypatch)


@pytest.mark.usefixtures("redis_url")
def test_the_tutorial_does_what_it_says(shell: Shell, valkey_server: Valkey) -> None:
    play(TUTORIAL, shell.run, {SHOWN: valkey_server.url})


@pytest.mark.usefixtures("redis_url")
def test_readme_does_what_it_says(shell: Shell, valkey_server: Valkey, tmp_path: Path) -> None:
    for sample in samples(TUTORIAL):
        if sample.title.startswith(PREPARED):
            file = tmp_path / sample.title
            file.parent.mkdir(exist_ok=True)
            file.write_text(sample.text)
    play(README, shell.run, {SHOWN: valkey_server.url})
