"""Addresses of pages. A name may hold anything, and an address may not.

An address depends on the names alone, so a link that somebody kept leads to the same page after the
next build. File systems that do not tell upper from lower case, or that reserve names, keep all
pages apart.
"""

import hashlib
import re
from typing import Final

__all__ = ["address", "slug"]

_PLAIN: Final = re.compile(r"[a-z0-9_][a-z0-9_.-]{0,79}")
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
_LONGEST: Final = 48


def slug(name: str) -> str:
    """The name itself if it is plain; else what is plain of it, a tilde, and a hash of the name.

    Plain are lower-case letters of ASCII, digits, ``_``, ``.`` and ``-``; a tilde is not, so the
    two kinds never meet.
    """
    if _PLAIN.fullmatch(name) and not name.endswith(".") and not _RESERVED.fullmatch(name):
        return name
    kept = re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-")[:_LONGEST]
    return f"{kept}~{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def address(*names: str) -> str:
    """The path of a page below the site's folder: one folder for each name but the last."""
    return "/".join(map(slug, names)) + ".html"
