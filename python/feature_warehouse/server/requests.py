"""What clients send: the body of a read, and what a read by Feast's API asks for."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, TypeVar

import msgspec

from feature_warehouse.codec.texts import LONGEST_NUMBER, read_instant
from feature_warehouse.server.problems import Problem

__all__ = ["FeastRead", "Read", "decoded"]

_LONGEST_ID: Final = 200

_Body = TypeVar("_Body", "Read", "FeastRead")


class Read(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /v1/services/{name}``.

    ``entities`` are objects with the entity keys, and request columns of on-demand features.
    ``expect`` is the fingerprint that the model was trained with. ``at`` is the instant at which
    ttl and age are measured. ``request_id``, one or one for each entity, and ``tag`` go into the
    request log. ``statuses`` is true where it is left out, but for Arrow.
    """

    entities: list[dict[str, Any]]
    expect: str | None = None
    at: str | None = None
    layout: Literal["rows", "columns"] = "rows"
    statuses: bool | None = None
    event_timestamps: bool = False
    request_id: str | list[str] | None = None
    tag: str | None = None

    @property
    def instant(self) -> datetime | None:
        """``at`` in UTC."""
        if self.at is None:
            return None
        try:
            return read_instant(self.at)
        except (ValueError, OverflowError):
            raise Problem(
                "request", '"at" is not an instant; write it as "2026-01-31T12:00:00Z"'
            ) from None

    def check(self) -> None:
        """Raise Problem for a request id or tag that is too long."""
        own = self.request_id
        ids = own if isinstance(own, list) else [own or ""]
        if any(len(text) > _LONGEST_ID for text in (*ids, self.tag or "")):
            raise Problem("request", f"request_id and tag have at most {_LONGEST_ID} characters")
        if isinstance(self.request_id, list) and len(ids) != len(self.entities):
            raise Problem(
                "request",
                f"request_id has {len(ids)} ids for {len(self.entities)} entities; give one for"
                " each, or one text for all",
            )


class FeastRead(msgspec.Struct, frozen=True):
    """The body of ``POST /get-online-features``. What it has besides is ignored, as Feast does."""

    entities: dict[str, list[Any]]
    feature_service: str | None = None
    features: list[str] = []
    full_feature_names: bool = False


def _number(text: str) -> Decimal:
    """A number with a point or an exponent, with all its digits."""
    if len(text) > LONGEST_NUMBER:
        raise ValueError("a number has too many digits")
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError("a number has an exponent that is too large") from None


_DECODERS: Final[dict[Any, Any]] = {
    kind: msgspec.json.Decoder(kind, float_hook=_number) for kind in (Read, FeastRead)
}


def decoded(body: bytes, kind: type[_Body]) -> _Body:
    """A body as what it should be. Raises Problem, which says where it is not."""
    try:
        found: _Body = _DECODERS[kind].decode(body)
    except msgspec.ValidationError as error:
        raise Problem("request", f"the body is not as expected: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise Problem("request", f"the body is not JSON: {error}") from None
    return found
