"""Which module is the engine of an adapter."""

from importlib import import_module
from importlib.util import find_spec
from typing import cast

from feature_warehouse.engines.protocol import Engine
from feature_warehouse.errors import UsageError

__all__ = ["engine_of", "has_engine"]


def has_engine(adapter: str) -> bool:
    """Whether there is a module for an adapter, or nobody but dbt can read its warehouse."""
    return find_spec(f"{__package__}.{adapter}") is not None


def engine_of(adapter: str) -> Engine:
    """The module of one of dbt's adapters; UsageError if there is none."""
    if not has_engine(adapter):
        raise UsageError(
            f"the adapter {adapter!r} is not supported; use a target of one that README lists"
        )
    return cast(Engine, import_module(f"{__package__}.{adapter}"))
