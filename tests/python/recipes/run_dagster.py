"""Loads and executes the definitions in Dagster's environment: ``python run_dagster.py folder``.

Each line of standard input is a JSON object of changes of the environment, for one run of the job.
Then a line of standard output begins with OUTCOME, and says whether it succeeded, which assets were
materialized, and of each asset check whether it passed.
"""

import importlib
import json
import os
import sys
from typing import Any

import dagster as dg


def main(folder: str) -> None:
    sys.path.insert(0, folder)
    definitions: Any = importlib.import_module("definitions")
    definitions.SECONDS_BETWEEN_TRIES = 0
    dg.Definitions.validate_loadable(definitions.defs)
    job = definitions.defs.resolve_job_def("feature_store")
    for line in sys.stdin:
        os.environ.update(json.loads(line))
        # A retry is another event of the run, which an instance keeps.
        with dg.DagsterInstance.ephemeral() as instance:
            run = job.execute_in_process(instance=instance, raise_on_error=False)
        made = [event.asset_key for event in run.get_asset_materialization_events()]
        checks = {
            f"{check.asset_key.to_user_string()}:{check.check_name}": check.passed
            for check in run.get_asset_check_evaluations()
        }
        outcome = [run.success, sorted(key.to_user_string() for key in made if key), checks]
        print(f"\nOUTCOME {json.dumps(outcome)}", flush=True)  # noqa: T201 - as above


main(sys.argv[1])
