"""dbt projects that install the package, as its users' projects do."""

import json
import subprocess
from pathlib import Path
from shutil import copyfile, copytree
from typing import Any

from harness.support import ROOT, dbt

HOSTS = Path(__file__).parent


def ship_package(folder: Path) -> Path:
    """Copy what a clone of the repository would have, and nothing that lies around beside it."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    for name in listing.stdout.split("\0"):
        if name and (ROOT / name).is_file():
            copy = folder / "package" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copyfile(ROOT / name, copy)
    return folder / "package"


def install(host: str, folder: Path) -> Path:
    """Copy a project to ``folder``, where the package lies already, and run `dbt deps` in it."""
    project = folder / host
    copytree(HOSTS / host, project)
    dbt("--warn-error", "deps", project=project, env=settings(project))
    return project


def settings(project: Path, engine: str = "duckdb") -> dict[str, str]:
    """The environment of dbt in a project, whose output of each engine stays apart."""
    example = (ROOT / "profiles.example.yml").read_text()
    (project / "profiles.yml").write_text(example.replace("\nfeature_warehouse:\n", "\nhost:\n"))
    return {
        "DBT_PROFILES_DIR": str(project),
        "DBT_TARGET": engine,
        "DBT_TARGET_PATH": str(project / engine),
        "DBT_LOG_PATH": str(project / "logs"),
        "FEATURE_WAREHOUSE_DUCKDB_PATH": str(project / f"{project.name}.duckdb"),
        "FEATURE_WAREHOUSE_PG_SCHEMA": project.name,
    }


def manifest(target: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((target / "manifest.json").read_text())
    return content


def write_host(folder: Path, models: dict[str, str], properties: list[dict[str, Any]]) -> Path:
    """A project with the package in place, spared the time of `dbt deps`."""
    (folder / "models").mkdir(parents=True)
    (folder / "dbt_packages").mkdir()
    (folder / "dbt_packages" / "feature_warehouse").symlink_to(ROOT)
    project = {"name": folder.name, "version": "1.0.0", "profile": "host"}
    (folder / "dbt_project.yml").write_text(json.dumps(project))
    content = {"version": 2, "models": properties}
    (folder / "models" / "models.yml").write_text(json.dumps(content))
    for name, query in models.items():
        (folder / "models" / f"{name}.sql").write_text(query)
    return folder


def macro_call(call: str) -> str:
    """A model that is a macro of the package, called."""
    return "{{ feature_warehouse." + call + " }}"
