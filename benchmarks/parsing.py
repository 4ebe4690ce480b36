"""Parsing: dbt's time for a project of many feature views, beside the same project without us.

The project without us has the same models, columns, types, descriptions and contracts and as many
tests, all of dbt's own; its training sets are joins by hand. Both are parsed in turn by whole
commands, of which CPU seconds are counted: other work on the machine changes them least.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from benchmarks.publishing import Figure, said

__all__ = ["ROOT", "run", "seconds_of", "write_project"]

ROOT = Path(__file__).parents[1]
DBT_2 = ROOT / ".venv-dbt2/bin/dbt"
VIEWS = 300
FEATURES = 5_000
SETS = 30
VIEWS_OF_A_SET = 10
VIEWS_OF_A_FILE = 10
CHANGES = {
    "all files": None,
    "nothing changed": "",
    "a model changed": "models/part_00/view_000.sql",
    "a YAML file changed": "models/part_00/models.yml",
}
"""What has changed since the parse before; all files are parsed where nothing is kept of it."""

_PROJECT = {"name": "shop", "version": "1.0.0", "profile": "shop"}
_PROFILE = {"shop": {"target": "dev", "outputs": {"dev": {"type": "duckdb", "path": "x.duckdb"}}}}


def run(rounds: int, package: Path = ROOT) -> Iterator[Figure]:
    """Ratios for each dbt that is there, and the time of a plan of the project."""
    programs = {"dbt 1": Path(sys.executable).with_name("dbt")}
    if DBT_2.exists():
        programs["dbt 2"] = DBT_2
    for name, program in programs.items():
        with tempfile.TemporaryDirectory(prefix="feature-warehouse-bench-") as temporary:
            ours, plain = (Path(temporary) / form for form in ("ours", "plain"))
            # dbt 2 would install what packages.yml lists anew.
            write_project(ours, package, listed=name == "dbt 1")
            write_project(plain, None)
            yield from _race(name, program, ours, plain, rounds)
            if name == "dbt 1":
                yield _plan(ours)


def _race(name: str, program: Path, ours: Path, plain: Path, rounds: int) -> Iterator[Figure]:
    seconds: dict[tuple[str, Path], list[float]] = {}
    for number in range(rounds):
        for folder in (ours, plain) if number % 2 == 0 else (plain, ours):
            for case, change in CHANGES.items():
                if change is None:
                    shutil.rmtree(folder / "target", ignore_errors=True)
                elif change:
                    file = folder / change
                    comment = "--" if change.endswith("sql") else "#"
                    file.write_text(f"{file.read_text()}{comment} {number}\n")
                seconds.setdefault((case, folder), []).append(seconds_of(folder, program, "parse"))
    for case in CHANGES:
        mine, theirs = seconds[case, ours], seconds[case, plain]
        ratio = median(own / other for own, other in zip(mine, theirs, strict=True))
        beside = f"{median(mine):.1f} s of a processor, {median(theirs):.1f} s without us"
        yield said(f"{name}, {case}", f"{ratio:.2f}", beside)


def _plan(folder: Path) -> Figure:
    """A plan against the project itself, after a parse."""
    (folder / "production").mkdir()
    shutil.copy(folder / "target/manifest.json", folder / "production")
    program = Path(sys.executable).with_name("feature-warehouse")
    seconds = seconds_of(folder, program, "plan", "--against", "production")
    return said("feature-warehouse plan", f"{seconds:.1f} s of a processor")


def seconds_of(folder: Path, program: Path, *arguments: str) -> float:
    """CPU seconds of a command, its children included."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("DBT_")}
    environment = inherited | {
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_STATIC_ANALYSIS": "off",
        "DBT_PROFILES_DIR": str(folder),
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [program, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{program.name} failed:\n{done.stdout}\n{done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def write_project(folder: Path, package: Path | None, *, listed: bool = False) -> None:
    """Write the project, with the package in place and in packages.yml if it is ``listed``.

    Without a package it is the same project without us.
    """
    ours = package is not None
    files: dict[str, Any] = {"dbt_project.yml": _PROJECT, "profiles.yml": _PROFILE}
    if package is not None:
        (folder / "dbt_packages").mkdir(parents=True)
        (folder / "dbt_packages" / "feature_warehouse").symlink_to(package)
    if listed:
        files["packages.yml"] = {"packages": [{"local": str(package)}]}
    for part in range(VIEWS // VIEWS_OF_A_FILE):
        place = f"models/part_{part:02}"
        models = []
        for number in range(part * VIEWS_OF_A_FILE, (part + 1) * VIEWS_OF_A_FILE):
            models.append(_view(f"view_{number:03}", _width(number), ours=ours))
            files[f"{place}/view_{number:03}.sql"] = _sql_of_view(_width(number))
        files[f"{place}/models.yml"] = {"version": 2, "models": models}
    sets = []
    for number in range(SETS):
        sets += [_labels(f"labels_{number:02}", ours=ours), _training(f"training_{number:02}")]
        files[f"models/training/labels_{number:02}.sql"] = (
            "select label_id, customer_id, asked_at, label from raw.labels\n"
        )
        views = range(number * VIEWS_OF_A_SET, (number + 1) * VIEWS_OF_A_SET)
        sql = _join_of_ours(number, views) if ours else _join_by_hand(number, views)
        files[f"models/training/training_{number:02}.sql"] = sql
    files["models/training/models.yml"] = {"version": 2, "models": sets}
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
        file.write_text(text)


def _width(number: int) -> int:
    """How many features a view has: all together have 5,000."""
    return FEATURES // VIEWS + (number < FEATURES % VIEWS)


def _column(name: str, data_type: str, *tests: Any) -> dict[str, Any]:
    described = f"What {name.replace('_', ' ')} is, how it is measured and by whom."
    column: dict[str, Any] = {"name": name, "data_type": data_type, "description": described}
    return column | ({"data_tests": list(tests)} if tests else {})


def _view(name: str, width: int, *, ours: bool) -> dict[str, Any]:
    """As many tests in both forms: two of them are ours in ours."""
    config: dict[str, Any] = {"materialized": "table", "contract": {"enforced": True}}
    bounds: Any = {"accepted_values": {"arguments": {"values": [0, 1, 2]}}}
    unique: Any = {"unique": {"arguments": {"column_name": "customer_id"}}}
    if ours:
        block = {"join_keys": ["customer_id"], "event_timestamp": "ordered_at"}
        block |= {"created_timestamp": "loaded_at", "ttl": "30 days"}
        config["meta"] = {"feature_view": block | {"online": True}}
        bounds = {"feature_warehouse.bounds": {"arguments": {"min_value": 0, "max_value": 2}}}
        unique = "feature_warehouse.unique_feature_rows"
    return {
        "name": name,
        "description": f"What is known of a customer by the rules of {name}.",
        "config": config,
        "columns": [
            _column("customer_id", "bigint", "not_null"),
            _column("ordered_at", "timestamp", "not_null"),
            _column("loaded_at", "timestamp"),
            _column("feature_00", "double precision", bounds),
            *(_column(f"feature_{n:02}", "double precision") for n in range(1, width)),
        ],
        "data_tests": [unique],
    }


def _labels(name: str, *, ours: bool) -> dict[str, Any]:
    block = {"label_set": {"timestamp": "asked_at", "label": "label"}}
    return {
        "name": name,
        "description": "Who left, and when it was asked.",
        "config": {"materialized": "table"} | ({"meta": block} if ours else {}),
        "columns": [_column("label_id", "bigint", "unique", "not_null")],
    }


def _training(name: str) -> dict[str, Any]:
    config = {"materialized": "table"}
    return {"name": name, "description": "What the model is trained with.", "config": config}


def _sql_of_view(width: int) -> str:
    features = "".join(f",\n    feature_{n:02}" for n in range(width))
    return f"select\n    customer_id,\n    ordered_at,\n    loaded_at{features}\nfrom raw.orders\n"


def _join_by_hand(number: int, views: range) -> str:
    features = "".join(
        f",\n    view_{view:03}.feature_{n:02} as v{view:03}_feature_{n:02}"
        for view in views
        for n in range(_width(view))
    )
    joins = "".join(
        f"asof left join {{{{ ref('view_{view:03}') }}}} as view_{view:03}\n"
        f"    on labels.customer_id = view_{view:03}.customer_id\n"
        f"    and labels.asked_at >= view_{view:03}.ordered_at\n"
        for view in views
    )
    return (
        f"select\n    labels.*{features}\n"
        f"from {{{{ ref('labels_{number:02}') }}}} as labels\n{joins}"
    )


def _join_of_ours(number: int, views: range) -> str:
    parts = ",\n".join(
        f"        {{'view': 'view_{view:03}', 'prefix': 'v{view:03}_'}}" for view in views
    )
    return (
        f"{{{{ feature_warehouse.training_set(\n    labels='labels_{number:02}',\n"
        f"    features=[\n{parts},\n    ]) }}}}\n"
    )
