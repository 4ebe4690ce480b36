"""The dbt package that a project has installed."""

import hashlib
from pathlib import Path
from typing import Any

from feature_warehouse.errors import UsageError

__all__ = ["package_of", "version_of"]


def package_of(project: Path) -> Path:
    """The folder of the dbt package that a project has installed. Raises UsageError."""
    own = _read(project)
    if own.get("name") == "feature_warehouse":
        return project
    installed = project / str(own.get("packages-install-path") or "dbt_packages")
    found = installed / "feature_warehouse"
    if not (found / "dbt_project.yml").is_file():
        raise UsageError(
            "the project has no package feature_warehouse; name it in packages.yml and run `dbt"
            " deps`"
        )
    return found


def version_of(package: Path) -> str:
    """Its version, and what tells one state of its macros from another."""
    digest = hashlib.sha256()
    for file in sorted((package / "macros").rglob("*.sql")):
        digest.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes())
    return f"{_read(package).get('version')} (macros {digest.hexdigest()[:12]})"


def _read(folder: Path) -> dict[str, Any]:
    import yaml  # comes with dbt

    file = folder / "dbt_project.yml"
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        raise UsageError(f"{file} cannot be read; `dbt parse` says why") from None
    return content if isinstance(content, dict) else {}
