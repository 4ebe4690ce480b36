"""Files of ours: private where they hold values, whole or not there, and never internal error."""

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from feature_warehouse.errors import UsageError
from feature_warehouse.util.files import replacing
from harness.command_line import Fw, one_line
from harness.mini import SCORES, Mini
from harness.publishers import fw

__all__ = ["fw"]

AS_OF = ("--as-of", "2026-01-01T12:00:00Z")
DEEP = 100_000


def gated(mini: Mini) -> Mini:
    query = "select 1::bigint as id, timestamp '2025-12-01' as ts, 1::double as score"
    mini.view("scores", SCORES, query, expectations=[])
    mini.write()
    return mini


def test_what_holds_values_is_private(mini: Mini, fw: Fw) -> None:
    gated(mini)
    before = os.umask(0)
    try:
        assert fw("materialize", *AS_OF)[0] == 0
        assert fw("validate", *AS_OF)[0] == 0
    finally:
        os.umask(before)
    target = mini.folder / "target"
    files = [*target.glob("*_results.json"), *target.rglob("*.html")]
    assert len(files) == 6
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_what_others_are_to_read_is_as_the_umask_says(mini: Mini, fw: Fw, tmp_path: Path) -> None:
    gated(mini)
    fw("materialize", *AS_OF)
    before = os.umask(0o022)
    try:
        assert fw("metrics", "--output", tmp_path / "fw.prom")[0] == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "fw.prom").stat().st_mode) == 0o644


@pytest.mark.parametrize("odd", ["results", "validation", "target"])
@pytest.mark.parametrize("command", ["materialize", "validate"])
def test_an_odd_target_folder(mini: Mini, fw: Fw, command: str, odd: str) -> None:
    gated(mini)
    target = mini.folder / "target"
    name = {"materialize": "materialize", "validate": "validation"}[command]
    if odd == "results":
        (target / f"{name}_results.json").mkdir()
    elif odd == "validation":
        (target / "validation").write_text("")
    else:
        (target / "manifest.json").rename(mini.folder / "manifest.json")
        target.rmdir()
        target.write_text("")
    code, _, err = fw(command, *AS_OF)
    assert code == 2, err
    assert "bug" not in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
@pytest.mark.parametrize("command", ["materialize", "validate"])
def test_no_room_leaves_nothing_behind(
    mini: Mini, fw: Fw, monkeypatch: pytest.MonkeyPatch, command: str, number: int
) -> None:
    gated(mini)
    write = Path.write_bytes

    def full(path: Path, data: Any) -> int:
        write(path, data[:10])
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "write_bytes", full)
    code, _, err = fw(command, *AS_OF)
    assert (code, err.count("\n")) == (2, 1)
    assert os.strerror(number) in err
    left = [file.name for file in (mini.folder / "target").iterdir() if file.is_file()]
    assert left == ["manifest.json"]


def _failing(file: Path, error: Exception) -> None:
    with replacing(file) as scratch:
        scratch.write_text("new")
        raise error


def test_a_block_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text("old")
    with pytest.raises(ZeroDivisionError):
        _failing(file, ZeroDivisionError())
    with pytest.raises(UsageError, match=r"a\.json cannot be written: No space"):
        _failing(file, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("a.json", "old")]


@pytest.mark.parametrize(
    ("file", "command", "said"),
    [
        ("card.json", ("training-set", "check", "card.json"), "card.json is not a card"),
        ("target/manifest.json", ("materialize",), "manifest.json is not a dbt manifest"),
        ("target/manifest.json", ("describe", "scores"), "manifest.json is not a dbt manifest"),
        ("target/materialize_results.json", ("metrics",), "results.json cannot be read"),
    ],
    ids=["card", "manifest", "describe", "results"],
)
def test_deeply_nested_files(
    mini: Mini, fw: Fw, file: str, command: tuple[str, ...], said: str
) -> None:
    gated(mini)
    (mini.folder / file).write_text('{"nodes":' * (file != "card.json") + "[" * DEEP + "]" * DEEP)
    one_line(fw(*command), 2, said)


def test_deeply_nested_options(mini: Mini, fw: Fw) -> None:
    gated(mini)
    one_line(fw("materialize", "--vars", "{a: " + "[" * 5_000), 2, "--vars is not a YAML mapping")
    deep = '{"view":' * 5_000
    build = ("training-set", "build", "--labels", "l.parquet", "--to", "o.parquet", deep)
    one_line(fw(*build), 2, "is not JSON")
