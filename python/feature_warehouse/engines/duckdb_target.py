"""A target of DuckDB opened as dbt does: by dbt-duckdb, or as dbt 2 opens it."""

import copy
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from types import SimpleNamespace
from typing import Any

import duckdb

from feature_warehouse.engines.dialect import quote
from feature_warehouse.errors import BusyError, UnreachableError, UsageError

__all__ = ["connected", "credentials_of", "file_of"]

# What has no meaning for a connection of ours.
_WITHOUT_MEANING = {
    *("type", "threads", "external_root", "keep_open", "disable_transactions", "retries"),
}
_KNOWN = {"path", "database", "schema", "extensions", "settings", "config_options"} | {
    *("attach", "secrets"),
}
_KNOWN_OF_ATTACHMENT = {"path", "alias", "type", "read_only"}


def credentials_of(output: dict[str, Any]) -> SimpleNamespace:
    """See ``Engine``."""
    _refuse_unknown(output, _KNOWN | _WITHOUT_MEANING, "the profile's target")
    path = str(output.get("path", ":memory:"))
    attachments = output.get("attach") or []
    for attachment in attachments:
        _refuse_unknown(attachment, _KNOWN_OF_ATTACHMENT, "an attachment of the profile's target")
    return SimpleNamespace(
        path=path,
        # "md:name" is MotherDuck's.
        database=output.get("database") or PurePath(path.partition("?")[0].rpartition(":")[2]).stem,
        schema=output.get("schema", "main"),
        config_options=output.get("config_options") or {},
        extensions=output.get("extensions") or [],
        settings=output.get("settings") or {},
        secrets=output.get("secrets") or [],
        attach=[SimpleNamespace(**attachment) for attachment in attachments],
    )


def file_of(credentials: Any) -> str:
    """The file of the database, as the profile has it; MotherDuck's token is no part of it."""
    return str(credentials.path).partition("?")[0]


def connected(credentials: Any, *, writes: bool = False) -> duckdb.DuckDBPyConnection:
    """The connection, as dbt opens it. Raises UsageError, UnreachableError or BusyError."""
    if credentials.path == ":memory:":
        raise UsageError(
            "the DuckDB path is :memory:, which is gone when dbt ends; set a file in the profile"
        )
    mode = "READ_WRITE" if writes else "READ_ONLY"
    readable = copy.copy(credentials)
    readable.config_options = {**(credentials.config_options or {}), "access_mode": mode}
    readable.attach = [copy.copy(attachment) for attachment in credentials.attach or []]
    for attachment in readable.attach:
        attachment.read_only = True
    # The path of MotherDuck or of an attachment may carry a token behind the question mark.
    path = file_of(credentials)
    try:
        connection = _opened(readable)
    except duckdb.Error as error:
        reason = str(error).partition("\n")[0]
        if "Could not set lock" in reason:
            raise BusyError(
                f"{path} is open in another process, such as dbt; try again when it has finished,"
                " or pass --wait"
            ) from None
        if "?" in reason or readable.attach or credentials.secrets:
            reason = "see `dbt debug`"
        raise UnreachableError(f"DuckDB cannot open {path}: {reason}") from None
    connection.execute("set TimeZone = 'UTC'")
    return connection


def _opened(credentials: Any) -> duckdb.DuckDBPyConnection:
    if isinstance(credentials, SimpleNamespace):
        return _open_target(credentials)
    from dbt.adapters.duckdb.environments import Environment

    connection: duckdb.DuckDBPyConnection = Environment.initialize_db(credentials)
    Environment.initialize_cursor(credentials, connection)
    return connection


def _open_target(credentials: SimpleNamespace) -> duckdb.DuckDBPyConnection:
    """The connection, with what the profile asks for. Raises duckdb.Error."""
    connection = duckdb.connect(credentials.path, config=credentials.config_options)
    for extension in credentials.extensions:
        if isinstance(extension, str):
            connection.install_extension(extension)
            connection.load_extension(extension)
        else:
            connection.install_extension(extension["name"], repository=extension["repo"])
            connection.load_extension(extension["name"])
    for secret in credentials.secrets:
        connection.execute(_secret(secret))
    for attachment in credentials.attach:
        connection.execute(_attachment(attachment))
    for name, value in credentials.settings.items():
        connection.execute(f"set {quote(name)} = {_literal(value)}")
    return connection


def _refuse_unknown(found: Mapping[str, Any], known: set[str], place: str) -> None:
    if unknown := sorted(found.keys() - known):
        raise UsageError(
            f"{place} has {', '.join(unknown)}, which only dbt-duckdb knows; install it as well, or"
            " leave that out"
        )


def _attachment(attachment: SimpleNamespace) -> str:
    """The statement; only to read, whatever the profile says."""
    alias = getattr(attachment, "alias", None)
    kind = getattr(attachment, "type", None)
    options = ["read_only", *([f"type {quote(kind)}"] if kind else [])]
    name = f" as {quote(alias)}" if alias else ""
    return f"attach {_literal(attachment.path)}{name} ({', '.join(options)})"


def _secret(secret: Mapping[str, Any]) -> str:
    name = f" {quote(secret['name'])}" if secret.get("name") else ""
    return f"create or replace temporary secret{name} ({', '.join(_parameters(secret))})"


def _parameters(secret: Mapping[str, Any]) -> Iterator[str]:
    for key, value in secret.items():
        if key in ("type", "provider"):
            yield f"{key} {quote(str(value))}"
        elif key not in ("name", "persistent") and value is not None:
            yield f"{quote(key)} {_literal(value)}"


def _literal(value: Any) -> str:
    if isinstance(value, bool | int | float):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, dict):
        pairs = (f"{_literal(str(key))}: {_literal(each)}" for key, each in value.items())
        return f"map {{{', '.join(pairs)}}}"
    return "'" + str(value).replace("'", "''") + "'"
