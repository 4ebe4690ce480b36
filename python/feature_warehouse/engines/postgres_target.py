"""A target of PostgreSQL: its address, and what the server says when it refuses."""

import re
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlencode

from feature_warehouse.errors import UsageError
from feature_warehouse.util.secrets_in_text import masked

__all__ = ["address", "credentials_of", "reason"]


def credentials_of(output: dict[str, Any]) -> SimpleNamespace:
    """See ``Engine``."""
    optional = ("role", "sslmode", "sslcert", "sslkey", "sslrootcert")
    try:
        return SimpleNamespace(
            host=output["host"],
            port=int(output.get("port", 5432)),
            user=output["user"],
            password=str(output["password"] if "password" in output else output["pass"]),
            database=output["dbname"] if "dbname" in output else output["database"],
            schema=output["schema"],
            connect_timeout=int(output.get("connect_timeout", 10)),
            **{name: output.get(name) for name in optional},
        )
    except KeyError as error:
        raise UsageError(f"the profile's target has no {error.args[0]}") from None


def address(credentials: Any) -> str:
    """The URI, with the password."""
    options = {
        "sslmode": credentials.sslmode,
        "sslcert": credentials.sslcert,
        "sslkey": credentials.sslkey,
        "sslrootcert": credentials.sslrootcert,
        "connect_timeout": credentials.connect_timeout,
        "application_name": "feature-warehouse",
    }
    query = urlencode({name: value for name, value in options.items() if value}, quote_via=quote)
    user, password = (
        quote(text or "", safe="") for text in (credentials.user, credentials.password)
    )
    host, database = (quote(text, safe="") for text in (credentials.host, credentials.database))
    return f"postgresql://{user}:{password}@{host}:{credentials.port}/{database}?{query}"


def reason(error: Exception, password: str | None) -> str:
    """What PostgreSQL said, without the query that the driver repeats."""
    text = " ".join(re.split(r"\nLINE \d|Query was|\bQuery:", str(error))[0].split())
    return masked(text, password)
