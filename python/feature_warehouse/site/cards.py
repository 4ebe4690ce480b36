"""Cards of training sets: what ``dataset_card`` says, out of the warehouse."""

from typing import Any

import msgspec

from feature_warehouse.engines import Warehouse
from feature_warehouse.errors import UsageError

__all__ = ["Card", "read_cards"]


class _Column(msgspec.Struct, frozen=True):
    name: str
    null_rate: float | None = None


class _View(msgspec.Struct, frozen=True):
    view: str
    newest_available_at: str | None = None


class Card(msgspec.Struct, frozen=True):
    """A training set as it was built. Instants are ISO texts in UTC; no value of a row is there.

    ``options`` are those of the macro that are set.
    """

    training_set: str
    service_fingerprint: str
    content_fingerprint: str | None
    row_count: int
    label_count: int | None = None
    options: dict[str, Any] = {}
    views: tuple[_View, ...] = ()
    columns: tuple[_Column, ...] = ()

    @property
    def null_rates(self) -> dict[str, float]:
        """By column, where it is known."""
        return {one.name: one.null_rate for one in self.columns if one.null_rate is not None}

    @property
    def told(self) -> dict[str, str]:
        """The options that are set, as text."""
        return {
            name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
            for name, value in self.options.items()
            if value is not None
        }


def read_cards(warehouse: Warehouse, relation: str) -> dict[str, Card]:
    """The cards of a table, by training set. UsageError if it is none."""
    query = f"select card from {relation}"
    with warehouse.rows(query, "the card of a training set") as reader:
        texts = reader.read_all().column(0).to_pylist()
    try:
        found = [msgspec.json.decode(text, type=Card) for text in texts]
    except msgspec.DecodeError as error:
        raise UsageError(f"{relation} holds no card ({error})") from None
    return {card.training_set: card for card in found}
