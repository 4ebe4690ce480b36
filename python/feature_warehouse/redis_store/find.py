"""What is on a server: which of its stores is meant, and which names are in that."""

import os
import re
from typing import Any, Final

from feature_warehouse.errors import (
    NotPublishedError,
)
from feature_warehouse.redis_store import cluster, layout
from feature_warehouse.redis_store.steps import Steps

__all__ = ["find_store", "list_name", "listed", "resolve_names", "stored"]


def resolve_names(client: Any, project: str | None, environment: str | None) -> layout.Names:
    """The one store that fits; NotPublishedError if there is none, or several."""
    steps = find_store(project, environment)
    try:
        command = next(steps)
        while True:
            command = steps.send(client.execute_command(*command))
    except StopIteration as end:
        names: layout.Names = end.value
        return names


def find_store(project: str | None, environment: str | None) -> Steps[layout.Names]:
    """The steps of ``resolve_names``."""
    project = project or os.environ.get("FEATURE_WAREHOUSE_PROJECT")
    environment = environment or os.environ.get("FEATURE_WAREHOUSE_ENVIRONMENT")
    if project and environment:
        return layout.Names(project, environment)
    members = yield ("SMEMBERS", layout.STORES)
    stores = sorted(member.decode(errors="backslashreplace") for member in members)
    fitting = [
        (its_project, its_environment)
        for its_project, _, its_environment in (store.partition(".") for store in stores)
        if (project or its_project) == its_project
        and (environment or its_environment) == its_environment
    ]
    if len(fitting) == 1:
        return layout.Names(*fitting[0])
    if not fitting:
        raise NotPublishedError(
            "nothing is published here; run `feature-warehouse materialize` first"
        )
    raise NotPublishedError(
        f"several stores are published here ({', '.join(stores)}); name project and environment, or"
        " set FEATURE_WAREHOUSE_PROJECT and FEATURE_WAREHOUSE_ENVIRONMENT"
    )


# What a name of ours is followed by: nothing, a version, a version and a row.
_KEY: Final = re.compile(r"([^@!:{}]+)(?:@([^@!:{}]+)(?::\{.*)?)?", re.DOTALL)


def stored(client: Any, names: layout.Names, name: str = "") -> dict[str, set[str]]:
    """All views and services that have a key, with the versions that have a description or rows.

    With ``name`` only that one. Looks at every key of the server.
    """
    prefix = f"{names.store}:"
    found: dict[str, set[str]] = {}
    for page in cluster.scan(client, f"{prefix}{name}@" if name else prefix):
        for key in page:
            if match := _KEY.fullmatch(key[len(prefix) :].decode(errors="replace")):
                versions = found.setdefault(match[1], set())
                if match[2]:
                    versions.add(match[2])
    return found


def listed(client: Any, names: layout.Names) -> set[str]:
    """The names of what is published; by a look at every key where the list of them is lost."""
    return cluster.members(client, names.members) or set(stored(client, names))


def list_name(client: Any, names: layout.Names, name: str) -> None:
    """Put a name on that list, and with it all that were on one that was lost."""
    cluster.put_member(client, names.members, name, *listed(client, names))
