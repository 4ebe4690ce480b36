"""Files that are complete or not there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from feature_warehouse.errors import UsageError

__all__ = ["cleared", "refuse_no_project", "replacing"]


@contextmanager
def replacing(file: Path, *, private: bool = False) -> Iterator[Path]:
    """A path beside ``file`` to write to; it takes the file's place when the block ends well.

    A ``private`` file holds values: nobody but its owner may read it; its folder is made too.
    UsageError if it cannot be written, and nothing is left beside it then.
    """
    scratch = file.absolute().with_name(f".{file.name}.{uuid4().hex[:8]}")
    try:
        if private:
            scratch.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(scratch, os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666))
        yield scratch
        scratch.replace(file.absolute())
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror or error}") from None
    finally:
        with suppress(OSError):
            scratch.unlink(missing_ok=True)


def cleared(file: Path) -> None:
    """Remove what the last run left. UsageError, before anything is done, if nothing can follow."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror or error}") from None
    with replacing(file) as scratch:
        scratch.touch()
    file.unlink()


def refuse_no_project(folder: Path) -> None:
    """UsageError if the folder is not that of a dbt project."""
    if not (folder / "dbt_project.yml").is_file():
        raise UsageError(
            f"there is no dbt_project.yml in {folder.absolute()}; go to the project's folder, or"
            " pass --project-dir"
        )
