"""What dbt prints when it fails, in a line of ours that cannot hold a secret."""

import re

from feature_warehouse.errors import BusyError, UnreachableError, UsageError

__all__ = ["explained", "selection_mistake"]

_LACKING = re.compile(r"Required var '(\w+)' not found")
_SELECTION = ("valid method name", "selector", "comparison manifest", "--state")


def selection_mistake(output: str) -> str:
    """Why dbt refused a selection, in its words where these repeat nothing but the selection."""
    if lacking := _LACKING.search(output):
        return _asked_for(lacking[1])
    lines = [" ".join(line.split()) for line in output.splitlines()]
    said = [line for line in lines if any(known in line for known in _SELECTION)]
    return said[-1] if said else "`dbt ls` with the same options says why"


def explained(output: str) -> Exception:
    """Our own mistakes in one line. Of dbt's messages only those that cannot hold a secret."""
    lines = [line.strip() for line in output.splitlines()]
    if mistakes := _mistakes(lines):
        return UsageError(mistakes)
    if "Could not set lock" in output:
        return BusyError(
            "the DuckDB file is open in another process; try again when it has finished, or pass"
            " --wait"
        )
    if lacking := _LACKING.search(output):
        return UsageError(f"dbt cannot compile the project: {_asked_for(lacking[1])}")
    if ("is undefined" in output and "feature_warehouse" in output) or (
        "undefined has no method named _" in output
    ):
        return UsageError(
            "the project has no package feature_warehouse; name it in packages.yml and run `dbt"
            " deps`"
        )
    if "Compilation Error" in output:
        number = next(n for n, line in enumerate(lines) if "Compilation Error" in line)
        text = " ".join(" ".join(lines[number + 1 : number + 4]).split())
        return UsageError(f"dbt cannot compile the project: {text}")
    if "connect" in output.lower():
        return UnreachableError("the warehouse does not let dbt in; `dbt debug` says why")
    return UsageError("dbt cannot compile the project; `dbt compile` says why")


def _mistakes(lines: list[str]) -> str:
    """Those that a macro of ours found; empty if it was none of them."""
    for number, line in enumerate(lines):
        # dbt 2 puts the place of the mistake before its text.
        _, is_ours, head = line.partition("feature_warehouse: ")
        if is_ours:
            found = []
            for text in lines[number + 1 :]:
                if not text.startswith("- "):
                    break
                found.append(text.removeprefix("- "))
            return f"{head.partition(' has ')[0]}: {'; '.join(found)}" if found else head
    return ""


def _asked_for(variable: str) -> str:
    return f"Required var {variable!r} not found; name it with --vars, as `dbt build` was given it"
