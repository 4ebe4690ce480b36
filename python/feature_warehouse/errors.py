"""Every error this package raises on purpose.

    FeatureWarehouseError            70  never raised itself
    ├── UsageError                    2  wrong use or configuration
    │   ├── EntityError               2  an entity key is missing, unknown or of the wrong type
    │   ├── NotPublishedError         2  no such service or feature view in this store
    │   ├── FingerprintError          2  a service or row is not of the schema the reader expects
    │   ├── DamagedError              2  a key in Redis holds what no publisher wrote there
    │   └── UnservableError           2  a column whose type cannot be stored online
    ├── GateError                     1  a view's rows are not what it expects of them
    ├── RetainedError                 1  what is to be forgotten is still in the warehouse
    ├── UnreachableError              3  warehouse or Redis does not answer, or refuses to write
    └── BusyError                     4  another run holds the lock, or dbt holds the DuckDB file

The number is the exit code of the command line. Messages are one line: what is wrong, where, and
what to do. They never contain a password.
"""

from typing import ClassVar

__all__ = [
    "BusyError",
    "DamagedError",
    "EntityError",
    "FeatureWarehouseError",
    "FingerprintError",
    "GateError",
    "NotPublishedError",
    "RetainedError",
    "UnreachableError",
    "UnservableError",
    "UsageError",
]


class FeatureWarehouseError(Exception):
    """Base of all errors below; ``exit_code`` is what the command line ends with."""

    exit_code: ClassVar[int] = 70


class UsageError(FeatureWarehouseError):
    """Wrong use or configuration."""

    exit_code = 2


class EntityError(UsageError):
    """An entity key is missing, unknown or of the wrong type."""


class NotPublishedError(UsageError):
    """No such service or feature view has been published in this store."""


class FingerprintError(UsageError):
    """A service or a stored row is not of the schema the reader expects."""


class DamagedError(UsageError):
    """A key in Redis holds what no publisher wrote there."""


class UnservableError(UsageError):
    """A column whose type or value cannot be stored online."""


class GateError(FeatureWarehouseError):
    """A view's rows are not what it expects of them."""

    exit_code = 1


class RetainedError(FeatureWarehouseError):
    """What is to be forgotten is still in the warehouse."""

    exit_code = 1


class UnreachableError(FeatureWarehouseError):
    """The warehouse or Redis does not answer, was restarted or refuses to write."""

    exit_code = 3


class BusyError(FeatureWarehouseError):
    """Another run holds the lock, or dbt holds the DuckDB file."""

    exit_code = 4
