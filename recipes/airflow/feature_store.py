"""Build a project with dbt and publish it, every hour.

Airflow has an environment of its own; dbt and feature-warehouse are called by path, in that of the
project. Its workers have these variables, and those that the project's profile asks for:

- ``FEATURE_STORE_PROJECT``: folder of dbt_project.yml
- ``FEATURE_STORE_BIN``: folder of dbt and feature-warehouse, such as /srv/shop/.venv/bin
- ``DBT_TARGET``, ``DBT_TARGET_PATH``, ``REDIS_URL``
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.providers.standard.hooks.subprocess import SubprocessHook
from airflow.sdk import BaseOperator, dag
from airflow.sdk.exceptions import AirflowException, AirflowFailException

# Unreachable, busy, interrupted: it passes. Everything else ends the same again.
REPEATED = frozenset({3, 4, 130, 143})


class ProjectCommand(BaseOperator):
    """A command of the project's environment, in the project's folder.

    ``repeated`` are the exit codes after which Airflow tries again; after any other than 0 the task
    has failed at once.
    """

    def __init__(self, *, command: list[str], repeated: frozenset[int], **options: Any) -> None:
        super().__init__(**options)
        self.command = command
        self.repeated = repeated
        self._hook: SubprocessHook | None = None

    def execute(self, context: Any) -> None:  # noqa: ARG002 - Airflow names it
        """Run the command; its output is the task's log."""
        program, *arguments = self.command
        path = Path(os.environ["FEATURE_STORE_BIN"]) / program
        self._hook = SubprocessHook()
        done = self._hook.run_command(
            [str(path), *arguments], cwd=os.environ["FEATURE_STORE_PROJECT"]
        )
        said = f"{program} ended with exit code {done.exit_code}: {done.output}"
        if done.exit_code in self.repeated:
            raise AirflowException(said)
        if done.exit_code:
            raise AirflowFailException(said)

    def on_kill(self) -> None:
        """Stop the command with the task. What it has published by then is whole."""
        if self._hook:
            self._hook.send_sigterm()


@dag(
    schedule="@hourly",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,  # two dbt runs would write the same tables
    default_args={"retry_delay": timedelta(minutes=2), "retries": 4},
)
def feature_store() -> None:
    """Features, from the warehouse to the online store."""
    # dbt's exit code does not say whether a repeat can help.
    build = ProjectCommand(task_id="build", command=["dbt", "build"], repeated=frozenset())
    publish = ProjectCommand(
        task_id="publish", command=["feature-warehouse", "materialize"], repeated=REPEATED
    )
    build >> publish


feature_store()
