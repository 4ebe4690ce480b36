"""The command `feature-warehouse`, run in this process."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from feature_warehouse.cli import app

Result = tuple[int, str, str]
"""Exit code, standard output and standard error."""

Fw = Callable[..., Result]


def in_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *command: str
) -> Fw:
    """A function that runs ``command`` with more arguments, and puts the signal handlers back."""

    def call(*arguments: str | Path) -> Result:
        monkeypatch.setattr(sys, "argv", ["feature-warehouse", *command, *map(str, arguments)])
        before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        try:
            with pytest.raises(SystemExit) as end:
                app.main()
        finally:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGINT, before[0])
            signal.signal(signal.SIGTERM, before[1])
        out, err = capsys.readouterr()
        code = end.value.code
        assert isinstance(code, int) or code is None
        return code or 0, out, err

    return call


def one_line(result: Result, code: int, *fragments: str) -> None:
    assert result[0] == code, result
    assert result[2].count("\n") == 1, result
    assert "Traceback" not in result[1] + result[2]
    for fragment in fragments:
        assert fragment in result[2], result
