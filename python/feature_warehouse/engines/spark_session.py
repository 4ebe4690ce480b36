"""A session of Spark as dbt-spark opens it for the method ``session``: a JVM beside this process.

The embedded metastore, which Spark has by itself, is of one process at a time. So the JVM is ours,
and ends with the connection: what comes next, such as dbt, finds the metastore free.
"""

import logging
import re
import signal
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import TimeoutExpired
from tempfile import TemporaryFile
from typing import Any, NamedTuple

from feature_warehouse.engines.spark_dialect import quote
from feature_warehouse.errors import (
    BusyError,
    FeatureWarehouseError,
    UnreachableError,
    UsageError,
)

__all__ = ["Opened", "first_line", "open_session"]

_NO_SPARK = "PySpark is not installed here; pip install 'feature-warehouse[spark]'"
_UTC = re.compile(
    r"(UTC|GMT|Etc/UTC|Etc/GMT|Zulu|Z|Universal|UCT)?([+-]0?0(:?00)?)?", re.IGNORECASE
)
_CONNECTION = "javax.jdo.option.ConnectionURL"
_DERBY = re.compile(r"jdbc:derby:(?:;.*\bdatabaseName=)?([^;]+)")

# What a user may set otherwise.
_DEFAULTS = {
    "spark.master": "local[*]",
    "spark.app.name": "feature-warehouse",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}

# What our queries, and the files that we read, count on.
_OURS = {
    # A number that does not fit is an error, where it would else be another number or NULL.
    "spark.sql.ansi.enabled": "true",
    # Else 0.12 of DECIMAL(12,2) is not greater than 0.1 of DECIMAL(38,1): it is rounded first.
    "spark.sql.legacy.decimal.retainFractionDigitsOnTruncate": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.writeLegacyFormat": "false",
    "spark.sql.parquet.compression.codec": "snappy",
}


class Opened(NamedTuple):
    """A session, and the way to its JVM if that is ours to end."""

    session: Any
    gateway: Any = None

    def close(self) -> None:
        """End what we began."""
        if self.gateway is not None:
            _end(self.gateway)


def open_session(credentials: Any, folder: Path) -> Opened:
    """Connect as dbt-spark does. Raises UsageError, UnreachableError or BusyError.

    ``folder`` is the project's: a metastore and a warehouse that nothing places lie there.
    """
    if credentials.method != "session":
        raise UsageError(
            f"the target's method is {credentials.method}; rows are read from Spark by the method"
            " session only: make a target of that method, on the same warehouse and metastore"
        )
    settings = {
        str(name): _text(value)
        for name, value in (credentials.server_side_parameters or {}).items()
    }
    opened = _opened(settings, folder)
    try:
        _refuse_what_cannot_be_read(opened.session, credentials.schema, folder)
        for name, value in _OURS.items():
            opened.session.conf.set(name, value)
    except BaseException:
        opened.close()
        raise
    return opened


def _opened(settings: Mapping[str, str], folder: Path) -> Opened:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pandas, which we do not hand anything
            import pyspark.testing.utils  # noqa: F401 a conversion would, with the warning
            from pyspark import SparkConf, SparkContext
            from pyspark.errors import PySparkException
            from pyspark.java_gateway import launch_gateway
            from pyspark.sql import SparkSession
    except ImportError:
        raise UsageError(_NO_SPARK) from None
    builder = SparkSession.builder.enableHiveSupport()
    for name, value in settings.items():
        builder = builder.config(name, value)
    if SparkContext._active_spark_context is not None:  # noqa: SLF001 as getOrCreate does
        return Opened(_beside(SparkSession.builder.getOrCreate(), settings))
    logging.getLogger().addFilter(_is_not_of_the_gateway)
    conf = SparkConf().setAll(list({**_DEFAULTS, **settings}.items()))
    opened = None
    try:
        with TemporaryFile() as said, _signals_later():
            try:
                # Where dbt runs, with the JVM's words out of sight.
                options = {"cwd": str(folder.absolute()), "stdout": said, "stderr": said}
                gateway = launch_gateway(conf=conf, popen_kwargs=options)
            except (PySparkException, OSError):
                raise UnreachableError(
                    "Spark does not start: it needs Java 17 or later, by JAVA_HOME or on the PATH"
                    f"{_last_words(said)}"
                ) from None
            opened = Opened(None, gateway)
            SparkContext(conf=conf, gateway=gateway)
        return Opened(builder.getOrCreate(), gateway)
    except BaseException as error:
        if opened is not None:
            opened.close()
        if isinstance(error, FeatureWarehouseError) or not isinstance(error, Exception):
            raise
        raise UnreachableError(f"Spark does not start: {first_line(error)}") from None


def _beside(session: Any, settings: Mapping[str, str]) -> Any:
    """A session of its own settings beside one that is somebody else's, such as a notebook's."""
    beside = session.newSession()
    for name, value in settings.items():
        if beside.conf.isModifiable(name):
            beside.conf.set(name, value)
    return beside


def _refuse_what_cannot_be_read(session: Any, schema: str, folder: Path) -> None:
    master = session.sparkContext.master
    if not master.startswith("local"):
        raise UsageError(
            f"spark.master is {master}; rows are read on the machine that Spark runs on: set"
            " local[*] in server_side_parameters of a target for feature-warehouse"
        )
    zone = session.conf.get("spark.sql.session.timeZone")
    if not zone or not _UTC.fullmatch(zone):
        raise UsageError(
            f"spark.sql.session.timeZone is {zone}; set it to UTC in server_side_parameters of the"
            " target, and build again"
        )
    metastore = _embedded(session, folder)
    if metastore is not None and not metastore.exists():
        raise UnreachableError(f"there is no metastore at {metastore}; run `dbt build`")
    try:
        exists = session.catalog.databaseExists(schema)
    except Exception as error:  # of any class: of Java, of py4j, of PySpark
        if "Another instance of Derby" in _causes(error):
            raise BusyError(
                f"the metastore {metastore} is open in another process, such as dbt; try again when"
                " it has finished, or pass --wait"
            ) from None
        raise UnreachableError(f"Spark's metastore does not answer: {first_line(error)}") from None
    if not exists:
        raise UnreachableError(
            f"Spark's metastore has no schema {quote(schema)}; run `dbt build`, with the same"
            " spark.sql.warehouse.dir and metastore in server_side_parameters"
        )


def _embedded(session: Any, folder: Path) -> Path | None:
    """The folder of an embedded metastore; None where it is a server, or in memory."""
    if session.conf.get("spark.sql.catalogImplementation") != "hive":
        return None
    settings = session.sparkContext._jsc.hadoopConfiguration()  # noqa: SLF001 no other way there
    if settings.get("hive.metastore.uris"):
        return None
    address = settings.get(_CONNECTION) or "jdbc:derby:;databaseName=metastore_db"
    found = _DERBY.match(address)
    return folder.absolute() / found[1] if found else None


@contextmanager
def _signals_later() -> Iterator[None]:
    """A signal waits for the end of the block, or for a second one.

    PySpark gives nobody a JVM that it has not started to the end, and so nobody could end it. And
    its context has a handler of its own for Ctrl-C, in whose place ours is put back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    seen: list[int] = []

    def note(number: int, _: object) -> None:
        if seen:
            raise KeyboardInterrupt
        seen.append(number)

    for number, handler in handlers.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, note)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    for noted in seen:
        signal.raise_signal(noted)


def _is_not_of_the_gateway(record: logging.LogRecord) -> bool:
    """It logs a Ctrl-C as an error, with a traceback."""
    return record.module != "java_gateway"


def _end(gateway: Any) -> None:
    """End the JVM with all that it holds open.

    It is not asked to: after a signal the connection to it may still wait for another answer. It
    stops its session itself when its input ends.
    """
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    # As if there had never been one: the next connection starts another.
    SparkContext._active_spark_context = None  # noqa: SLF001 its stop() would ask the JVM
    SparkContext._gateway = SparkContext._jvm = None  # noqa: SLF001 nothing public resets them
    SparkSession._instantiatedSession = None  # noqa: SLF001 likewise
    SparkSession._activeSession = None  # noqa: SLF001 likewise
    process = gateway.proc
    if process is None:  # spark-submit has started it, and ends it
        return
    process.stdin.close()
    try:
        process.wait(10)
    except TimeoutExpired:
        process.kill()
        process.wait()


def _causes(error: BaseException) -> str:
    """What an error of Java says, with all its causes."""
    cause: Any = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    texts = [str(error)]
    with suppress(Exception):
        while cause is not None:
            texts.append(str(cause.toString()))
            cause = cause.getCause()
    return " ".join(texts)


def _last_words(said: Any) -> str:
    """The last line that a process that did not start has said, if it said any."""
    said.seek(0)
    lines = said.read().decode(errors="replace").strip().splitlines()
    return f" ({lines[-1].strip()})" if lines else ""


def _text(value: Any) -> str:
    """A setting as Spark reads it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def first_line(error: Exception) -> str:
    """What an error of Spark says, in one line."""
    lines = (line.strip() for line in str(error).splitlines())
    return next((line for line in lines if line), type(error).__name__)
