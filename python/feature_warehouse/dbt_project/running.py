"""A program that is asked to end when this one is."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["run"]

PATIENCE: Final = 20.0
"""Seconds that a program has to end in after it was asked."""


def run(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end, with its output as text.

    Whatever interrupts this, the program gets a SIGINT, and is killed if that does not end it soon
    or if there is another interruption. A Ctrl-C at the terminal does not reach it by itself.
    """
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        output, errors = process.communicate()
    except BaseException:
        try:
            _send(process, signal.SIGINT)
            process.communicate(timeout=PATIENCE)
        except BaseException:
            _send(process, signal.SIGKILL)
            process.communicate()
        raise
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def _send(process: "subprocess.Popen[str]", number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
