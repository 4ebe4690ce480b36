"""Runs the DAG in Airflow's environment: ``python run_airflow.py folder``.

Each line of standard input is a JSON object of changes of the environment, for one run of the DAG.
Then a line of standard output begins with OUTCOME, and says of each task its state and the number
of its tries.
"""

import json
import os
import sys
from datetime import timedelta

from airflow.dag_processing.dagbag import DagBag


def main(folder: str) -> None:
    bag = DagBag(folder)
    assert not bag.import_errors, bag.import_errors
    [dag] = bag.dags.values()
    for task in dag.tasks:
        task.retry_delay = timedelta(0)
    for line in sys.stdin:
        os.environ.update(json.loads(line))
        run = dag.test()
        tasks = {ti.task_id: [str(ti.state), ti.try_number] for ti in run.get_task_instances()}
        print(f"\nOUTCOME {json.dumps(tasks)}", flush=True)  # noqa: T201 - another process reads it


main(sys.argv[1])
