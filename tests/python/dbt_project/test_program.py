"""Which dbt is taken, of those beside the interpreter and on the PATH."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from feature_warehouse.dbt_project import program
from feature_warehouse.errors import UsageError

PYTHON = "#!/opt/python3\nprint('dbt-core')\n"


def shell(said: str) -> str:
    return f"#!/bin/sh\necho '{said}'\n"


DBT_2 = shell("dbt 2.0.1")
DBT_1 = shell("Core:\n  - installed: 1.11.2\n")

Place = Callable[..., None]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Puts programs beside the interpreter and on the PATH; dbt-core can be imported or not."""
    beside, path = tmp_path / "beside", tmp_path / "path"

    def put(*, beside_it: str = "", on_path: str = "", importable: bool = False) -> None:
        for folder, text in ((beside, beside_it), (path, on_path)):
            folder.mkdir()
            if text:
                (folder / "dbt").write_text(text)
                (folder / "dbt").chmod(0o755)
        monkeypatch.setattr(program, "_is_importable", lambda: importable)

    monkeypatch.setattr(sys, "executable", str(beside / "python"))
    monkeypatch.setenv("PATH", str(path))
    program.dbt_2.cache_clear()
    yield put
    program.dbt_2.cache_clear()


def test_dbt_core_beside_the_interpreter_is_imported(place: Place) -> None:
    place(beside_it=PYTHON, on_path=DBT_2, importable=True)
    assert program.dbt_2() is None


def test_dbt_core_without_its_command_is_imported(place: Place) -> None:
    place(importable=True)
    assert program.dbt_2() is None


@pytest.mark.parametrize("importable", [True, False])
def test_dbt_2_beside_the_interpreter_is_taken(
    place: Place, tmp_path: Path, *, importable: bool
) -> None:
    """Also where a package has brought dbt-core, whose command dbt 2 has replaced."""
    place(beside_it=DBT_2, on_path=DBT_1, importable=importable)
    assert program.dbt_2() == str(tmp_path / "beside" / "dbt")


def test_dbt_2_on_the_path_is_taken(place: Place, tmp_path: Path) -> None:
    place(on_path=DBT_2)
    assert program.dbt_2() == str(tmp_path / "path" / "dbt")


@pytest.mark.parametrize(
    ("programs", "said"),
    [
        ({}, "dbt is not installed here; pip install 'feature-warehouse"),
        ({"on_path": DBT_1}, "is dbt-core of another environment; install feature-warehouse into"),
        ({"on_path": "no program\n"}, "is dbt-core of another environment"),
    ],
)
def test_no_dbt_that_is_of_use(place: Place, programs: dict[str, str], said: str) -> None:
    place(**programs)
    with pytest.raises(UsageError, match=said):
        program.dbt_2()
