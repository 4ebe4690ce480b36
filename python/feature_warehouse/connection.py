"""Connecting to Redis, and saying in one line why that failed, without the password."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import redis

from feature_warehouse.errors import UnreachableError, UsageError

__all__ = ["connect", "reachable", "without_password"]


def connect(url: str, **options: Any) -> "redis.Redis":
    """A client for redis://, rediss:// or unix://; it connects at the first command.

    ``options`` go to redis-py. UsageError if the URL is none.
    """
    try:
        return redis.Redis.from_url(url, decode_responses=False, **options)
    except ValueError as error:
        raise UsageError(f"{without_password(url)} is no Redis URL: {error}") from None


def without_password(url: str) -> str:
    """The URL as it may be printed."""
    try:
        parts = urlsplit(url)
        if parts.password is None and "password=" not in parts.query:
            return url
        host = parts.hostname or ""
        return f"{parts.scheme}://***@{host}:{parts.port}{parts.path}"
    except ValueError:
        return "the given URL"


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
