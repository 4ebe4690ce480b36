"""Connecting to Redis, and saying in one line why that failed, without the password."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis

from feature_warehouse.errors import UnreachableError, UsageError

__all__ = ["connect", "reachable"]


def connect(url: str, **options: Any) -> "redis.Redis":
    """A client for redis://, rediss:// or unix://; it connects at the first command.

    ``options`` go to redis-py. UsageError if the URL is none; it does not repeat the URL, since a
    mistyped one shows its password in unforeseen places.
    """
    try:
        client = redis.Redis.from_url(url, **options)
    except (ValueError, TypeError):
        raise UsageError(
            "the given address is no Redis URL; write it as redis://user:password@host:6379/0"
            " (percent-encode special characters), rediss://... or unix:///path"
        ) from None
    if client.get_connection_kwargs().get("decode_responses"):
        raise UsageError("rows are bytes: remove decode_responses from the Redis URL")
    return client


@contextmanager
def reachable(client: "redis.Redis") -> Iterator[None]:
    """Turns redis-py's errors into ours: one line, with the address, without the password."""
    try:
        yield
    except redis.AuthenticationError as error:
        raise UnreachableError(f"Redis at {_address(client)} refuses the login: {error}") from None
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise UnreachableError(
            f"Redis at {_address(client)} does not answer ({error}); is the address right?"
        ) from None
    except redis.ResponseError as error:
        raise UnreachableError(f"Redis at {_address(client)} refuses a command: {error}") from None


def _address(client: "redis.Redis") -> str:
    options = client.get_connection_kwargs()
    if path := options.get("path"):
        return str(path)
    return f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"
