"""`materialize --prune`: it lists, asks, and without a terminal takes no for an answer."""

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from feature_warehouse import OnlineStore
from harness.command_line import Fw, one_line
from harness.mini import NAMES, Mini
from harness.publishers import fw, pairs
from harness.support import BIN

__all__ = ["fw"]

AS_OF = ("--as-of", "2026-01-01T12:00:00Z")


@pytest.fixture
def shop(mini: Mini, fw: Fw) -> Mini:
    """Three views of which one is declared no more, and one as little, but read."""
    for view in ("kept", "old", "read"):
        pairs(mini, 2, 1, view)
    mini.write()
    assert fw("materialize", *AS_OF)[0] == 0
    mini.drop("old")
    mini.drop("read")
    mini.write()
    return mini


@pytest.fixture
def mark(shop: Mini, client: "redis.Redis") -> None:
    del shop
    OnlineStore(client, project="mini", environment="dev").get("read", {"id": 1})


def result_of(mini: Mini) -> dict[str, tuple[bool, bool]]:
    """What the result file says: whether each name was removed, and whether it says why not."""
    content = json.loads((mini.folder / "target" / "materialize_results.json").read_text())
    return {one["undeclared"]: (one["pruned"], bool(one["kept"])) for one in content["undeclared"]}


def is_served(client: "redis.Redis", name: str) -> bool:
    return bool(client.exists(NAMES.pointer(name)))


@pytest.mark.usefixtures("mark")
def test_without_a_terminal_nothing_is_removed(fw: Fw, shop: Mini, client: "redis.Redis") -> None:
    code, out, err = fw("materialize", *AS_OF, "--prune")
    assert code == 2
    assert "to remove old: it is no longer declared\n" in out
    assert "kept read: it is no longer declared, but it was read " in out
    assert "published kept: " in out
    one_line((code, out, err), 2, "nothing is removed", "add --yes to remove old")
    assert is_served(client, "old")
    assert result_of(shop) == {"old": (False, False), "read": (False, True)}
    assert fw("materialize", *AS_OF)[0] == 0


@pytest.mark.usefixtures("mark")
def test_a_scheduled_job_says_yes(fw: Fw, shop: Mini, client: "redis.Redis") -> None:
    code, out, err = fw("materialize", *AS_OF, "--prune", "--yes")
    assert (code, err) == (0, "")
    assert "\nremoved old\n" in out
    assert [is_served(client, name) for name in ("kept", "old", "read")] == [True, False, True]
    assert result_of(shop) == {"old": (True, False), "read": (False, True)}
    # Nothing to remove is nothing to ask for.
    assert fw("materialize", *AS_OF, "--prune")[0] == 0
    code, out, err = fw("materialize", *AS_OF, "--prune", "--yes", "--unread-days", "0", "--json")
    assert json.loads(out)["undeclared"] == [{"undeclared": "read", "pruned": True, "kept": ""}]


def test_where_no_reader_leaves_marks(fw: Fw, shop: Mini, client: "redis.Redis") -> None:
    code, _, err = fw("materialize", *AS_OF, "--prune", "--dry-run")
    one_line((code, "", err), 0, "warning: nothing here has a mark of a reader", "--keep")
    code, out, err = fw("materialize", *AS_OF, "--prune", "--yes", "--keep", "read")
    assert code == 0
    assert "kept read: it is no longer declared, but --keep names it\n" in out
    assert [is_served(client, name) for name in ("old", "read")] == [False, True]
    pairs(shop, 2, 1, "other")
    shop.write()
    fw("materialize", *AS_OF)
    shop.drop("other")
    shop.write()
    one_line(
        fw("materialize", *AS_OF, "--prune", "--yes", "--keep", "reed"),
        2,
        "--keep names reed, which is not published in mini.dev, so nothing is removed",
        "did you mean 'read'?",
    )
    assert is_served(client, "other")
    assert result_of(shop) == {}


def test_a_run_that_is_busy_tells_what_was_removed_before(
    fw: Fw, shop: Mini, client: "redis.Redis"
) -> None:
    client.set(NAMES.lock("read"), "of another run", px=600_000)
    code, out, err = fw("materialize", *AS_OF, "--prune", "--yes")
    assert code == 4
    assert "\nremoved old\n" in out
    assert "removed read" not in out
    assert "another run" in err
    assert result_of(shop) == {"old": (True, False), "read": (False, False)}


@pytest.mark.usefixtures("mark")
def test_a_dry_run_removes_nothing(fw: Fw, shop: Mini, client: "redis.Redis") -> None:
    code, out, err = fw("materialize", *AS_OF, "--dry-run", "--prune", "--yes")
    assert (code, err) == (0, "")
    assert "to remove old: " in out
    assert is_served(client, "old")
    assert "old is published but no longer declared" in fw("materialize", *AS_OF, "--dry-run")[1]
    assert result_of(shop) == {}


@pytest.mark.parametrize("options", [("--yes",), ("--keep", "x"), ("--unread-days", "3")])
def test_options_of_prune_alone(options: tuple[str, ...], fw: Fw, shop: Mini) -> None:
    del shop
    one_line(fw("materialize", *options), 2, "--yes, --keep and --unread-days belong to --prune")


class Terminal:
    """A process with a terminal as its input and errors, whose other end we hold."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._ours, its = pty.openpty()
        self.process = subprocess.Popen(
            [str(BIN / "feature-warehouse"), *arguments],
            cwd=folder,
            env={**os.environ, "COLUMNS": "200"},
            stdin=its,
            stdout=subprocess.PIPE,
            stderr=its,
            text=True,
            start_new_session=True,
        )
        os.close(its)

    def question(self) -> str:
        """What stands on the terminal once it asks."""
        text = ""
        while not text.endswith("[y/N] "):
            text += os.read(self._ours, 1000).decode()
        return text

    def answer(self, text: str) -> tuple[int, str]:
        """Exit code and output after an answer."""
        os.write(self._ours, text.encode())
        out, _ = self.process.communicate()
        return self.process.returncode, out

    def close(self) -> None:
        self.process.kill()
        with self.process:  # waits, and closes what is open
            pass
        os.close(self._ours)


@pytest.fixture
def terminals() -> Iterator[Any]:
    opened: list[Terminal] = []

    def open_one(*arguments: Any) -> Terminal:
        opened.append(Terminal(*arguments))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.mark.usefixtures("mark", "fw")
@pytest.mark.parametrize(("answer", "removed"), [("yes\n", True), ("\n", False)])
def test_a_person_is_asked(
    answer: str, removed: bool, shop: Mini, client: "redis.Redis", terminals: Any
) -> None:
    terminal = terminals(shop.folder, "materialize", *AS_OF, "--prune", "--json")
    assert terminal.question().endswith("remove old? [y/N] ")
    code, out = terminal.answer(answer)
    assert code == 0
    names = {one["undeclared"]: one["pruned"] for one in json.loads(out)["undeclared"]}
    assert names == {"old": removed, "read": False}
    assert is_served(client, "old") is not removed


@pytest.mark.usefixtures("fw")
def test_who_reads_while_a_person_thinks_reads_on(
    shop: Mini, client: "redis.Redis", terminals: Any
) -> None:
    terminal = terminals(shop.folder, "materialize", *AS_OF, "--prune")
    assert terminal.question().endswith("remove old, read? [y/N] ")
    OnlineStore(client, project="mini", environment="dev").get("old", {"id": 1})
    code, out = terminal.answer("y\n")
    assert (code, out.endswith("\nremoved read\n")) == (0, True)
    assert [is_served(client, name) for name in ("old", "read")] == [True, False]


@pytest.mark.usefixtures("fw")
@pytest.mark.parametrize(("key", "code"), [("\x04", 0), ("\x03", 130)])
def test_a_person_who_leaves(
    key: str, code: int, shop: Mini, client: "redis.Redis", terminals: Any
) -> None:
    """With Ctrl-D or Ctrl-C. What was published is published, and the result file says so."""
    terminal = terminals(shop.folder, "materialize", *AS_OF, "--prune")
    terminal.question()
    if code:
        terminal.process.send_signal(2)
    assert terminal.answer(key)[0] == code
    assert [is_served(client, name) for name in ("old", "read")] == [True, True]
    assert result_of(shop) == {"old": (False, False), "read": (False, False)}
