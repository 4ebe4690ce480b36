"""Options and arguments that several commands share, and how their texts are read."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from feature_warehouse.errors import UsageError

__all__ = [
    "Environment",
    "Exclude",
    "Json",
    "KeyEnvironment",
    "ProfilesDir",
    "Project",
    "ProjectDir",
    "RedisUrl",
    "Select",
    "Target",
    "TargetPath",
    "Wait",
    "instant",
    "pairs",
    "required",
]

RedisUrl = Annotated[
    str | None,
    typer.Option(
        envvar="REDIS_URL", show_envvar=True, help="redis://, rediss:// or unix:// address."
    ),
]
Project = Annotated[
    str | None, typer.Option(help="dbt project; may be left out where Redis holds one.")
]
Environment = Annotated[
    str | None, typer.Option(help="dbt target; may be left out where Redis holds one.")
]
KeyEnvironment = Annotated[
    str | None, typer.Option("--environment", help="Part of every key; by default the target.")
]
Select = Annotated[
    list[str] | None,
    typer.Option("--select", "-s", help="Views, in dbt's selector syntax.", metavar="SELECTOR"),
]
Exclude = Annotated[
    list[str] | None, typer.Option(help="Views to leave out, likewise.", metavar="SELECTOR")
]
Json = Annotated[bool, typer.Option("--json", help="Print one machine-readable result.")]
ProjectDir = Annotated[
    Path, typer.Option(envvar="DBT_PROJECT_DIR", help="Folder of dbt_project.yml.")
]
ProfilesDir = Annotated[
    Path | None, typer.Option(envvar="DBT_PROFILES_DIR", help="Folder of profiles.yml.")
]
Target = Annotated[str | None, typer.Option(envvar="DBT_TARGET", help="Target of the profile.")]
TargetPath = Annotated[
    Path, typer.Option(envvar="DBT_TARGET_PATH", help="Folder of dbt's manifest.json.")
]
Wait = Annotated[bool, typer.Option("--wait", help="Wait for another run, or for dbt.")]


def pairs(texts: list[str]) -> dict[str, str]:
    """Texts such as ``origin=JFK``."""
    found: dict[str, str] = {}
    for pair in texts:
        key, equals, text = pair.partition("=")
        if not equals:
            raise UsageError(f"{pair!r} is no entity key; write it as {pair}=value")
        found[key] = text
    return found


def required(url: str | None) -> str:
    """The Redis address; UsageError if there is none."""
    if not url:
        raise UsageError(
            "no Redis is named; set REDIS_URL or pass --redis-url"
            " (`feature-warehouse dev-server` runs one to try)"
        )
    return url


def instant(text: str) -> datetime:
    """An ISO instant; a naive one is UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no instant; write it as 2013-12-31T00:00:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
