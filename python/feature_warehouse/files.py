"""Files that are complete or not there."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from feature_warehouse.errors import UsageError

__all__ = ["replacing"]


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """A path beside ``file`` to write to; it takes the file's place when the block ends well."""
    scratch = file.with_name(f".{file.name}.{uuid4().hex[:8]}")
    try:
        yield scratch
        scratch.replace(file)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror or error}") from None
    finally:
        with suppress(OSError):
            scratch.unlink(missing_ok=True)
