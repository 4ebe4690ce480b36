"""Passwords taken out of what others say."""

import re
from urllib.parse import quote

__all__ = ["masked"]


def masked(text: str, secret: str | None) -> str:
    """The text with the secret, also as in an address, replaced by ``***``.

    Only where it stands for itself: a password of one letter must not mask that letter everywhere.
    """
    for form in {secret, quote(secret, safe="")} if secret else ():
        before = r"(?<!\w)" if re.match(r"\w", form) else ""
        after = r"(?!\w)" if re.search(r"\w\Z", form) else ""
        text = re.sub(before + re.escape(form) + after, "***", text)
    return text
