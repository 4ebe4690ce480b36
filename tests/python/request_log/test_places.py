"""Where a request log may go: what can never be written to is refused when the log is made."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from feature_warehouse import RequestLog, UsageError
from feature_warehouse.request_log import log as module

WRONG: list[tuple[str, str]] = [
    (
        "nothing://x",
        "not a Redis URL; write it as redis://.*redis\\+cluster://.*; or name a folder",
    ),
    ("s3://bucket/log", "not a Redis URL; .*; or name a folder"),
    ("redis://host/zero", "not a Redis URL"),
    ("redis://host?colour=red", "unknown option after its question mark"),
    ("redis+cluster://host/3", "only database 0"),
    ("", "is neither empty nor begins like an address"),
    ("redis:/host", "is neither empty nor begins like an address"),
    ("rediss+cluster:host", "is neither empty nor begins like an address"),
]


@pytest.mark.parametrize(("to", "message"), WRONG)
def test_what_is_no_place_is_refused_when_the_log_is_made(to: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as error:
        RequestLog(to)
    assert "\n" not in str(error.value)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(UsageError, match="taken is a file; name another"):
        RequestLog(tmp_path / "taken")


def test_a_folder_needs_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match="needs pyarrow; pip install pyarrow"):
        RequestLog(tmp_path)


@pytest.mark.parametrize("way", ["redis://", "redis+cluster://", "redis+sentinel://"])
def test_a_server_may_come_later(way: str) -> None:
    """Nothing connects to it yet: not even to a port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        listener.settimeout(0.0)
        address = f"{way}127.0.0.1:{port}" + ("/master" if "sentinel" in way else "")
        RequestLog(address)

        async def in_a_loop() -> Any:
            return RequestLog(address)

        asyncio.run(in_a_loop())
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_a_folder_need_not_be_there(tmp_path: Path) -> None:
    RequestLog(tmp_path / "later")
    assert not (tmp_path / "later").exists()
