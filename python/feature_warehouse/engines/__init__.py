"""Reading the warehouse that dbt built, as Arrow batches.

An engine is one module here, named like dbt's adapter, beside its answers in ``macros/internal``.
"""

from pathlib import Path

from feature_warehouse.engines.find import engine_of, has_engine
from feature_warehouse.engines.profile import Profile
from feature_warehouse.engines.protocol import BATCH_ROWS, Engine, Inspection, Tables, Warehouse

__all__ = [
    "BATCH_ROWS",
    "Engine",
    "Inspection",
    "Tables",
    "Warehouse",
    "engine_of",
    "has_engine",
    "open_tables",
    "open_warehouse",
]


def open_warehouse(profile: Profile, folder: Path = Path()) -> Warehouse:
    """Connect as dbt did. Raises UsageError, UnreachableError or BusyError.

    Paths in the profile, and in views over files, are relative to ``folder``, the project's.
    """
    return engine_of(profile.adapter).connect(profile.credentials, folder)


def open_tables(profile: Profile, folder: Path = Path()) -> Tables:
    """The same, to add rows to tables."""
    return engine_of(profile.adapter).connect_to_append(profile.credentials, folder)
