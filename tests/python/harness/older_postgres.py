"""PostgreSQL servers of this machine that are older than the bundled one, from 14 on."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2

from local_postgres import Postgres, local_postgres

MAJORS = range(14, 18)
PLACES = (
    "usr/lib/postgresql/*/bin",  # Debian
    "usr/lib/postgresql*/bin",  # Alpine, SUSE
    "usr/libexec/postgresql*",  # Alpine
    "usr/pgsql-*/bin",  # Red Hat, as PostgreSQL itself packs it
    "usr/local/pgsql*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
    "opt/local/lib/postgresql*/bin",  # MacPorts
    "Applications/Postgres.app/Contents/Versions/*/bin",
)

COLLATIONS = ("locale_provider icu icu_locale 'en-US' locale 'C'", "locale 'en_US.UTF-8'", "")
"""As a dictionary has it, if the server can: ICU from 15 on, and where the system knows it."""


NO_JIT = {"jit": "off"}
"""Seconds of compiling for tables of ten rows."""


def older_servers() -> dict[str, Path]:
    """The folder of each server's programs, by a name such as ``postgres-15``."""
    found: dict[str, Path] = {}
    for place in PLACES:
        for folder in sorted(Path("/").glob(place)):
            major = _major(folder)
            if major in MAJORS and (folder / "initdb").exists():
                found.setdefault(f"postgres-{major}", folder)
    return found


@contextmanager
def dictionary_postgres(folder: Path) -> Iterator[Postgres]:
    """Run a server whose database ``postgres`` sorts text by anything but its bytes."""
    with local_postgres(bin_dir=folder, durable=False, config=NO_JIT) as server:
        connection = psycopg2.connect(server.uri.removesuffix("postgres") + "template1")
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("alter database postgres rename to bytewise")
            for collation in COLLATIONS:
                try:
                    cursor.execute(
                        f"create database postgres template template0 encoding 'UTF8' {collation}"
                    )
                    break
                except psycopg2.Error:
                    assert collation, "a database without a collation of its own can be made"
        connection.close()
        yield server


def _major(folder: Path) -> int | None:
    program = folder / "postgres"
    if not program.exists():
        return None
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(found[1]) if found else None
