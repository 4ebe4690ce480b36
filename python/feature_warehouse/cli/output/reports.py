"""Reports that a command leaves in the target folder, as JSON and as a page."""

from pathlib import Path
from urllib.parse import quote

import msgspec

from feature_warehouse.util.files import replacing

__all__ = ["write_report"]


def write_report(folder: Path, service: str, page: str, content: bytes) -> Path:
    """Write ``SERVICE.html`` and ``SERVICE.json``, which only their owner can read.

    Returns the path of the page. Both files are complete or not there.
    """
    # A service may have any name, and a file not.
    file = folder / f"{quote(service, safe='')}.html"
    with replacing(file, private=True) as scratch:
        scratch.write_text(page, "utf-8")
    with replacing(file.with_suffix(".json"), private=True) as scratch:
        scratch.write_bytes(msgspec.json.format(content) + b"\n")
    return file
