"""Whether a manifest and the target that a command names are about the same relations."""

import os
from pathlib import Path

from feature_warehouse.declarations.model import WrittenFor
from feature_warehouse.engines import engine_of
from feature_warehouse.engines.profile import Profile
from feature_warehouse.errors import UsageError

__all__ = ["refuse_another"]


def refuse_another(
    manifest: Path,
    written_for: WrittenFor | None,
    profile: Profile,
    project: Path,
    environment: str | None = None,
) -> None:
    """Raise UsageError, which names both targets, if the manifest was written for another one.

    A target of another name will do only where ``environment``, which the user named, is the
    manifest's target: that is another login, such as one that may only read, to the same database
    and schema. ``project`` is the folder that a database's file may be relative to.
    """
    remedy = (
        f"run `dbt build --target {profile.target}`, or `dbt parse --target {profile.target}` if"
        " that is built already"
    )
    if written_for is None:
        raise UsageError(f"{manifest} does not say which target it was written for; {remedy}")
    credentials = profile.credentials
    wanted = WrittenFor(
        profile.adapter,
        profile.target,
        credentials.database or "",
        credentials.schema,
        engine_of(profile.adapter).file_of(credentials),
    )
    same_name = written_for.target in (wanted.target, environment)
    if same_name and _place(written_for, project) == _place(wanted, project):
        return
    if written_for.target != wanted.target:
        remedy += f", or pass --target {written_for.target}"
    raise UsageError(
        f"{manifest} was written for {_described(written_for)}, not for {_described(wanted)};"
        f" {remedy}"
    )


def _place(target: WrittenFor, project: Path) -> tuple[str, str, str, str]:
    file = os.path.normpath(project / target.file) if target.file else ""
    return target.adapter, target.database, target.schema, file


def _described(target: WrittenFor) -> str:
    place = target.file or (f"database {target.database}" if target.database else "")
    parts = filter(None, (target.adapter, place, f"schema {target.schema}"))
    return f"target {target.target!r} ({', '.join(parts)})"
