"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "Environment",
    "Json",
    "ProfilesDir",
    "Project",
    "ProjectDir",
    "RedisUrl",
    "Target",
    "TargetPath",
    "Wait",
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
