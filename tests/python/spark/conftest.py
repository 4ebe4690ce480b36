"""One session for all tests of Spark, which are skipped where it cannot run."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from typing import Any

import pytest

from harness.support import IS_DBT_2
from spark.session import Spark, start


def _lacking() -> str | None:
    """What Spark needs and is not there."""
    if IS_DBT_2:
        return "dbt 2 has no adapter for a session of Spark"
    if find_spec("pyspark") is None or find_spec("dbt.adapters.spark") is None:
        return "PySpark or dbt-spark is not installed; `make test-spark` has both"
    java = shutil.which("java")
    if java is None:
        return "Java is not installed; Spark needs Java 17 or later"
    version = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    return f"{java} does not run" if version.returncode else None


@pytest.fixture(scope="session")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    if lacking := _lacking():
        pytest.skip(lacking)
    started = start(tmp_path_factory.mktemp("spark"))
    yield started
    started.stop()


@pytest.fixture(scope="session")
def engine(session: Any) -> Iterator[Spark]:
    with closing(Spark(session)) as opened:
        yield opened
