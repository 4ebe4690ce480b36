"""A project that the recipes build and publish, with programs that note how they ended."""

import os
import shlex
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import redis
import yaml

from feature_warehouse.redis_store import layout
from harness.host import write_host
from harness.support import BIN, ROOT

__all__ = ["CASES", "RECIPES", "TRIES", "Case", "Shop", "shop", "workflow_steps"]

RECIPES: Final = ROOT / "recipes"
TRIES: Final = 5
"""How often each recipe tries to publish."""

_COLUMNS: Final = {"customer_id": "bigint", "ts": "timestamp", "amount": "integer"}


class Case(NamedTuple):
    """What is wrong, if anything, and the exit codes of the tries to publish."""

    amount: int
    is_held: bool
    is_reachable: bool
    codes: list[int]


CASES: Final = {
    "done": Case(7, is_held=False, is_reachable=True, codes=[0]),
    "the gate failed": Case(-7, is_held=False, is_reachable=True, codes=[1]),
    "busy": Case(7, is_held=True, is_reachable=True, codes=[4] * TRIES),
    "unreachable": Case(7, is_held=False, is_reachable=False, codes=[3] * TRIES),
}


class Shop:
    """Feature views `orders`, with an expectation, and `visits`, without one; a service `churn`."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.names = layout.Names("shop", "prod")
        row = "select cast(1 as bigint) as customer_id, cast('2026-01-01' as timestamp) as ts, "
        models = {
            "orders": f"{row}{{{{ env_var('SHOP_AMOUNT', '7') }}}} as amount",
            "visits": f"{row}3 as amount",
            "labels": f"{row}true as y",
            "churn": "{{ feature_warehouse.training_set(labels='labels', features=['orders']) }}",
        }
        positive = {"expect_column_values_to_be_between": {"column": "amount", "min_value": 0}}
        self.project = write_host(
            folder / "shop",
            models,
            [
                _view("orders", expectations=[positive]),
                _view("visits"),
                {
                    "name": "labels",
                    "config": {"meta": {"label_set": {"timestamp": "ts", "label": "y"}}},
                },
                {"name": "churn", "columns": [{"name": "y", "data_tests": ["not_null"]}]},
            ],
        )
        outputs = {
            target: {"type": "duckdb", "path": str(folder / "shop.duckdb"), "schema": target}
            for target in ("prod", "ci")
        }
        profiles = {"host": {"target": "ci", "outputs": outputs}}
        (self.project / "profiles.yml").write_text(yaml.safe_dump(profiles))
        self.bin = folder / "bin"
        self.bin.mkdir()
        self._runs = folder / "runs"
        for program in ("dbt", "feature-warehouse"):
            self.stand_in(program, f'{shlex.quote(str(BIN / program))} "$@"')

    def stand_in(self, program: str, line: str) -> None:
        """A program that runs a line of a shell, and notes how it was called and its exit code."""
        file = self.bin / program
        runs = shlex.quote(str(self._runs))
        file.write_text(
            f'#!/bin/sh\n{line}\ncode=$?\necho "{program} $* = $code" >> {runs}\nexit $code\n'
        )
        file.chmod(0o755)

    def env(self, case: Case) -> dict[str, str]:
        """What a scheduler has in its environment."""
        inherited = {name: text for name, text in os.environ.items() if name in ("HOME", "PATH")}
        return inherited | {
            "FEATURE_STORE_PROJECT": str(self.project),
            "FEATURE_STORE_BIN": str(self.bin),
            "DBT_PROFILES_DIR": str(self.project),
            "DBT_TARGET": "prod",
            "DBT_TARGET_PATH": str(self.project / "target/prod"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "REDIS_URL": self.url if case.is_reachable else "redis://127.0.0.1:1/0",
            "SHOP_AMOUNT": str(case.amount),
        }

    def prepare(self, case: Case, client: "redis.Redis") -> None:
        """An empty store, which another run may hold, and no runs noted."""
        client.flushall()
        if case.is_held:
            for view in ("orders", "visits"):
                client.set(self.names.lock(view), "another run", px=3_600_000)
        self._runs.unlink(missing_ok=True)

    def runs(self) -> list[tuple[str, int]]:
        """Each command that was run, and its exit code."""
        if not self._runs.exists():
            return []
        found = [line.rpartition(" = ") for line in self._runs.read_text().splitlines()]
        return [(command, int(code)) for command, _, code in found]

    def assert_ended(self, case: Case, client: "redis.Redis") -> None:
        """The build once, then the tries that the case asks for, and what is in service."""
        runs = self.runs()
        built = [code for command, code in runs if command.startswith("dbt build")]
        tries = [code for command, code in runs if command.startswith("feature-warehouse mat")]
        assert (built, tries) == ([0], case.codes), runs
        served = {view for view in ("orders", "visits") if client.exists(self.names.pointer(view))}
        assert served == {0: {"orders", "visits"}, 1: {"visits"}}.get(case.codes[-1], set())


def _view(name: str, **more: object) -> dict[str, object]:
    block = {"join_keys": ["customer_id"], "event_timestamp": "ts", "online": True, **more}
    columns = [{"name": column, "data_type": kind} for column, kind in _COLUMNS.items()]
    config = {"contract": {"enforced": True}, "materialized": "table"}
    return {"name": name, "config": config | {"meta": {"feature_view": block}}, "columns": columns}


@pytest.fixture
def shop(tmp_path: Path, redis_url: str) -> Shop:
    return Shop(tmp_path, redis_url)


def workflow_steps(file: Path) -> list[dict[str, Any]]:
    """The steps of a workflow that run something in a shell."""
    content = yaml.safe_load(file.read_text())
    return [step for job in content["jobs"].values() for step in job["steps"] if "run" in step]
