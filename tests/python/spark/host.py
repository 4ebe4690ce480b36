"""A project on Spark, where dbt runs in this process: it takes the session that is there."""

import contextlib
import io
from pathlib import Path

import pytest

from harness.host import Host
from harness.support import clear_environment
from spark.session import SCHEMA


class SparkHost(Host):
    """Its tables lie in ``schema``, by default in that of the views of the session."""

    def __init__(self, project: Path, schema: str = SCHEMA, **env: str) -> None:
        super().__init__(
            project,
            "spark",
            None,
            FEATURE_WAREHOUSE_SPARK_SCHEMA=schema,
            FEATURE_WAREHOUSE_SPARK_WAREHOUSE=str(project / "warehouse"),
            **env,
        )
        self.schema = schema

    def dbt(self, *arguments: str, code: int = 0, env: dict[str, str] | None = None) -> str:
        from dbt.cli.main import dbtRunner

        quiet = {
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DBT_USE_COLORS": "false",
            # It would leave the file open.
            "DBT_LOG_LEVEL_FILE": "none",
        }
        output = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(output):
            clear_environment(patch)
            for name, value in {**quiet, **self.env, **(env or {})}.items():
                patch.setenv(name, value)
            patch.chdir(self.project)
            result = dbtRunner().invoke(list(arguments))
        found = 0 if result.success else 2 if result.exception else 1
        said = output.getvalue() + str(result.exception or "")
        assert found == code, said
        return said
