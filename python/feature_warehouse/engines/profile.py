"""The connection that dbt would use, read by dbt-core itself where it is installed.

The profile decides more than an address: ``env_var`` and its filters, the target's default,
DuckDB's attachments and extensions. dbt-core's loader is slow to import (about two seconds) and
always right. dbt 2 has none that could be asked for a password.
"""

import os
import warnings
from argparse import Namespace
from pathlib import Path
from typing import Any

import msgspec

from feature_warehouse.engines.find import engine_of
from feature_warehouse.engines.profile_file import read_output
from feature_warehouse.errors import UsageError
from feature_warehouse.util.files import refuse_no_project

__all__ = ["NO_DBT", "Profile", "load_profile", "profiles_folder"]

NO_DBT = (
    "dbt is not installed here; pip install 'feature-warehouse[duckdb]', '[postgres]', '[spark]' or"
    " '[dbt2]'"
)


class Profile(msgspec.Struct, frozen=True):
    """A rendered target. ``credentials`` is the adapter's own object and may hold a password."""

    name: str
    target: str
    adapter: str
    credentials: Any

    def __repr__(self) -> str:
        return f"Profile({self.name!r}, target={self.target!r}, adapter={self.adapter!r})"


def load_profile(
    project_dir: Path,
    profiles_dir: Path | None,
    target: str | None,
    profile: str | None = None,
    variables: dict[str, Any] | None = None,
) -> Profile:
    """Render the project's profile, or the one named, as `dbt build` does.

    Without arguments dbt's rules hold: DBT_PROFILES_DIR, then the project's folder, then ~/.dbt;
    and DBT_TARGET, then the profile's default target. Raises UsageError.
    """
    refuse_no_project(project_dir)
    directory = profiles_dir or profiles_folder(project_dir)
    file = directory / "profiles.yml"
    if not file.is_file():
        raise UsageError(
            f"there is no profiles.yml in {directory}; name its folder with --profiles-dir"
        )
    try:
        from dbt.config.runtime import load_profile as load
        from dbt.flags import set_from_args
        from dbt_common.context import set_invocation_context
        from dbt_common.exceptions import DbtBaseException
    except ImportError:
        try:
            output = read_output(project_dir, file, target, profile, variables or {})
        except ImportError:
            raise UsageError(NO_DBT) from None
        adapter = str(output.content.get("type"))
        credentials = engine_of(adapter).credentials_of(output.content)
        return Profile(output.profile, output.target, adapter, credentials)

    set_invocation_context(dict(os.environ))
    set_from_args(Namespace(PROFILES_DIR=str(directory), PROJECT_DIR=str(project_dir)), None)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what an adapter imports
            found = load(
                str(project_dir),
                variables or {},
                profile_name_override=profile or os.environ.get("DBT_PROFILE"),
                target_override=target or os.environ.get("DBT_TARGET"),
            )
    except DbtBaseException as error:
        raise UsageError(f"{file}: {_harmless(str(error))}") from None
    adapter = found.credentials.type
    return Profile(found.profile_name, found.target_name, adapter, found.credentials)


def profiles_folder(project_dir: Path) -> Path:
    """Where dbt looks for profiles.yml if nobody names the folder."""
    if named := os.environ.get("DBT_PROFILES_DIR"):
        return Path(named)
    return project_dir if (project_dir / "profiles.yml").is_file() else Path.home() / ".dbt"


def _harmless(text: str) -> str:
    """Dbt's own words where they cannot repeat a value of the profile, which may be a password."""
    line = " ".join(text.split())
    for known in (
        "does not have a target named",
        "Could not find profile",
        "Env var required",
        "Required var",
    ):
        if known in line:
            return line
    return "it is not a valid profile; `dbt debug` says why"
