"""The project `lab` as built on one engine."""

from typing import Any

from harness.host import Built


class Lab(Built):
    """Its tables are broken for a moment by ``changed``."""

    def columns(self, table: str) -> list[str]:
        return [name for name, _ in self.session.columns(f"select * from {table}")]


def state(lab: Lab) -> Any:
    """Everything in the warehouse's catalog, and every file of the project.

    Not temporary tables: PostgreSQL drops those of a closed session a moment later.
    """
    if lab.engine == "postgres":
        lasting = "select relname, relfilenode from pg_class where relpersistence <> 't'"
        catalog: Any = sorted(lab.ask(lasting), key=str)
    else:
        catalog = (lab.project / "lab.duckdb").read_bytes()
    files = {path: path.lstat().st_mtime_ns for path in lab.project.rglob("*")}
    return catalog, files
