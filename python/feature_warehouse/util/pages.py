"""The frame of every HTML page we write: one file that fetches nothing and runs nothing."""

from html import escape

__all__ = ["document"]

# Were something of the data ever to become markup, a browser would still not act on it.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def document(title: str, style: str, body: str) -> str:
    """The page. ``body`` is HTML, in which all that comes from data is escaped already."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""
