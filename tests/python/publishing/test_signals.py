"""Rule 7: Ctrl-C, SIGTERM or kill -9 of the command: one line, nothing torn, the next run works."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import redis

from feature_warehouse.redis_store import layout
from harness.mini import Mini
from harness.support import BIN, run

SCORES: dict[str, Any] = {"id": "bigint", "ts": "timestamp", "score": "double precision"}
AS_OF = ("--as-of", "2026-01-01T12:00:00Z")


@pytest.fixture
def mini(tmp_path: Path) -> Mini:
    project = Mini(tmp_path)
    project.view(
        "scores",
        SCORES,
        "select 1::bigint as id, timestamp '2026-01-01' as ts, 1.5::double as score",
    )
    project.write()
    return project


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_hit_while_the_warehouse_computes(
    mini: Mini, redis_url: str, client: "redis.Redis", sent: signal.Signals, code: int
) -> None:
    mini.execute(
        "create view slow as select a.i as id, timestamp '2026-01-01' as ts, 1.0::double as score"
        " from range(2000000) a(i), range(100000) b(i) where hash(a.i + b.i) = 7"
    )
    mini.view("slow", SCORES)
    mini.write()
    env = {"REDIS_URL": redis_url, "PATH": os.environ["PATH"]}
    command = [str(BIN / "feature-warehouse"), "materialize", *AS_OF]
    with subprocess.Popen(
        command, cwd=mini.folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 600
        while not client.exists("mini.dev:slow!lock"):
            assert time.monotonic() < deadline
            assert process.poll() is None
        time.sleep(0.5)
        process.send_signal(sent)
        try:
            _, err = process.communicate(timeout=600)
        finally:
            process.kill()
    assert process.returncode == code, err
    assert err == "feature-warehouse: interrupted; what was in service stays in service\n"
    assert not client.exists("mini.dev:slow!lock")


@pytest.fixture
def large(mini: Mini) -> Mini:
    """Enough rows that a run can be hit in the middle."""
    mini.execute(
        "insert into scores select i, timestamp '2026-01-01', i from range(2, 200000) t(i)"
    )
    return mini


@pytest.mark.parametrize(
    ("sent", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)],
)
def test_a_run_that_is_hit_in_the_middle(
    large: Mini, redis_url: str, client: "redis.Redis", sent: signal.Signals, code: int
) -> None:
    env = {"REDIS_URL": redis_url, "PATH": os.environ["PATH"]}
    command = [str(BIN / "feature-warehouse"), "materialize", *AS_OF]
    with subprocess.Popen(
        command,
        cwd=large.folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 600
        while client.dbsize() < 5_000:
            assert time.monotonic() < deadline
            assert process.poll() is None
        process.send_signal(sent)
        out, err = process.communicate(timeout=600)
    assert process.returncode == code
    assert out == ""
    assert "Traceback" not in err
    pointer = layout.Names("mini", "dev").pointer("scores")
    text: Any = client.get(pointer)
    assert layout.read_pointer(text, pointer).version is None
    if sent is signal.SIGINT:
        assert err == ("feature-warehouse: interrupted; what was in service stays in service\n")
    if sent is not signal.SIGKILL:
        assert client.dbsize() < 5

    # After a kill the lock is free within its 15 seconds; --wait sits that out.
    result = run("feature-warehouse", "materialize", *AS_OF, "--wait", cwd=large.folder, env=env)
    assert result.returncode == 0, result.stderr
    rows = sum(1 for _ in client.scan_iter("mini.dev:scores@*:{*", count=10_000))
    assert rows == 199_999
    vector = run("feature-warehouse", "get", "scores", "id=199999", cwd=large.folder, env=env)
    assert "199999.0" in vector.stdout


def test_dev_server(tmp_path: Path) -> None:
    with subprocess.Popen(
        [BIN / "feature-warehouse", "dev-server"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip().removeprefix("REDIS_URL=")
        with redis.Redis.from_url(url) as connection:
            assert connection.ping()
        process.send_signal(signal.SIGINT)
        process.wait(timeout=600)
        assert process.returncode == 130
    with redis.Redis.from_url(url) as connection, pytest.raises(redis.ConnectionError):
        connection.ping()


def test_a_pipe_that_nobody_reads_is_no_failed_gate() -> None:
    read, write = os.pipe()
    os.close(read)
    program = BIN / "feature-warehouse"
    result = subprocess.run([program, "--help"], stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (result.returncode, result.stderr) == (141, b"")
