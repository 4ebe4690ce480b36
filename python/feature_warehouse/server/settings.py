"""How a server is set up: all that its workers have to know."""

import ipaddress
from functools import lru_cache
from typing import Final

import msgspec

from feature_warehouse.errors import UsageError
from feature_warehouse.server.tokens import Tokens

__all__ = ["METRICS_FOLDER", "Limits", "Logging", "Settings", "is_loopback", "refuse_open"]

METRICS_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable by which prometheus_client finds the files of all workers."""

_LOOPBACK_NAMES: Final = {"localhost", "localhost.localdomain", "ip6-localhost"}


class Limits(msgspec.Struct, frozen=True):
    """What a request may take: bytes of its body, entities, and seconds from its first byte.

    ``connections`` are those of one worker.
    """

    body: int = 1_048_576
    entities: int = 1000
    seconds: float = 10.0
    connections: int = 1000


class Logging(msgspec.Struct, frozen=True):
    """The request log: where it goes (None: beside the store) and the share that is logged."""

    to: str | None = None
    sample: float = 1.0
    pii_key: bytes | None = None


class Settings(msgspec.Struct, frozen=True):
    """``drain`` is how long a server that is to stop goes on, in seconds."""

    redis_url: str
    project: str | None = None
    environment: str | None = None
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    tokens: Tokens = Tokens()
    limits: Limits = Limits()
    logging: Logging | None = None
    tls_certificate: str | None = None
    tls_key: str | None = None
    drain: float = 5.0


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether an address, or a name, reaches this machine only."""
    name = host.strip("[]").lower()
    if name in _LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def refuse_open(settings: Settings) -> None:
    """UsageError for a server that would answer everybody."""
    if not settings.tokens.entries and not is_loopback(settings.host):
        raise UsageError(
            f"without tokens the server listens on 127.0.0.1 only, not on {settings.host};"
            " give --tokens, or set FEATURE_WAREHOUSE_TOKENS"
        )
    if bool(settings.tls_certificate) != bool(settings.tls_key):
        raise UsageError("TLS needs both --tls-certificate and --tls-key")
