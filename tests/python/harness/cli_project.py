"""A project of one view and one service, which the tests of the command line begin with."""

from pathlib import Path
from typing import Any, Final

import pytest

from harness.mini import Mini

__all__ = ["AS_OF", "ONE_ROW", "SCORES", "mini"]

SCORES: Final[dict[str, Any]] = {
    "id": "bigint",
    "ts": "timestamp",
    "score": "double precision",
}
ONE_ROW: Final = "select 1::bigint as id, timestamp '2026-01-01' as ts, 1.5::double as score"
AS_OF: Final = ("--as-of", "2026-01-01T12:00:00Z")


@pytest.fixture
def mini(tmp_path: Path) -> Mini:
    folder = tmp_path / "a project"
    folder.mkdir()
    project = Mini(folder)
    project.view("scores", SCORES, ONE_ROW)
    project.service("risk", {"view": "scores", "prefix": "user_"})
    project.write()
    return project
