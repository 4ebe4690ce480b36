"""Plausible mistakes in the macros. The proofs must notice every one of them."""

from pathlib import Path
from shutil import copy, copytree
from typing import NamedTuple

from harness.engines import ENGINES
from harness.support import ROOT

DUCKDB = ("duckdb",)
POSTGRES = ("postgres",)


class Mutation(NamedTuple):
    """``old`` in a macro file becomes ``new``, which matters on ``engines``."""

    name: str
    file: str
    old: str
    new: str
    engines: tuple[str, ...] = ENGINES


def mutated_package(folder: Path, mutation: Mutation) -> Path:
    """A copy of the package with one mistake in it."""
    folder.mkdir()
    copy(ROOT / "dbt_project.yml", folder)
    copytree(ROOT / "macros", folder / "macros")
    copytree(ROOT / "tests" / "generic", folder / "tests" / "generic")
    file = folder / "macros" / mutation.file
    text = file.read_text()
    assert mutation.old in text, f"{mutation.file} has changed: mutate it anew"
    file.write_text(text.replace(mutation.old, mutation.new))
    return folder
