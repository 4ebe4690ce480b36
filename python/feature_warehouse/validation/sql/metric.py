"""What Great Expectations wants to know of rows."""

from typing import Any, Final

import msgspec

__all__ = ["ROW_COUNT", "Failure", "Metric"]


class Metric(msgspec.Struct, frozen=True):
    """A metric of Great Expectations; ``arguments`` are those of its domain and its own.

    ``exact`` are those as they were declared, which Great Expectations may have made doubles of.
    ``mostly`` is the share of rows that has to pass.
    """

    name: str
    arguments: dict[str, Any]
    exact: dict[str, Any] = {}
    mostly: float = 1

    @property
    def key(self) -> bytes:
        return msgspec.json.encode([self.name, self.arguments], order="sorted", enc_hook=str)

    @property
    def asked(self) -> dict[str, Any]:
        """What is to be computed with."""
        return {**self.arguments, **self.exact}

    @property
    def subject(self) -> str:
        """The name without what is asked of it, such as ``.unexpected_count``."""
        return self.name.rpartition(".")[0]


class Failure(msgspec.Struct, frozen=True):
    """Stands for the value of a metric that could not be computed."""

    message: str


ROW_COUNT: Final = Metric("table.row_count", {})
"""How many rows there are."""
