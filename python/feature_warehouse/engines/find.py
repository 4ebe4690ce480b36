"""Which module is the engine of an adapter."""

from importlib import import_module
from importlib.util import find_spec
from typing import cast

from feature_warehouse.engines.protocol import Engine
from feature_warehouse.errors import UsageError

__all__ = ["engine_of"]


def engine_of(adapter: str) -> Engine:
    """The module of one of dbt's adapters; UsageError if there is none."""
    name = f"{__package__}.{adapter}"
    if find_spec(name) is None:
        raise UsageError(
            f"the adapter {adapter!r} is not supported; use a target of one that README lists"
        )
    return cast(Engine, import_module(name))
