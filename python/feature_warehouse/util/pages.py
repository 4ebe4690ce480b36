"""HTML pages that we write, from templates that escape every value."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

__all__ = ["environment", "page"]


@cache
def environment() -> Environment:
    """What reads the templates; whoever needs functions in them takes an overlay."""
    return Environment(
        loader=PackageLoader("feature_warehouse"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(template: str, **values: Any) -> str:
    """A page from a file of ``templates``; every value is escaped there."""
    return environment().get_template(template).render(values)
