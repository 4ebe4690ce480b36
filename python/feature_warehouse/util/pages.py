"""HTML pages that we write: each one file that fetches nothing and runs nothing."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

__all__ = ["page"]


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("feature_warehouse"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(template: str, **values: Any) -> str:
    """A page from a file of ``templates``; every value is escaped there."""
    return _environment().get_template(template).render(values)
