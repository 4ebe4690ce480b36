"""A project and a Redis: what the commands that compare the two have in common."""

import re
from functools import cached_property
from typing import Any, Final

import typer

from feature_warehouse.cli.options import Place
from feature_warehouse.dbt_project import DbtProject
from feature_warehouse.dbt_project.targets import refuse_another
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.engines import Warehouse
from feature_warehouse.errors import UsageError
from feature_warehouse.redis_store.layout import Names
from feature_warehouse.util.spelling import hint

__all__ = ["Site"]

_CHANGES: Final = re.compile(r"\b(state|source_status|result):")
"""Selectors that may well find nothing."""


class Site:
    """The views that the manifest declares, the warehouse of its target, and a client of Redis."""

    def __init__(self, place: Place, *, wait: bool) -> None:
        """Raises UsageError for a manifest that is older than the models or of another target."""
        self.manifest = manifest = place.manifest
        self.registry = read_registry(manifest, place.project_dir)
        self.project: DbtProject = place.dbt(wait=wait)
        profile = self.project.profile
        folder = self.project.folder
        refuse_another(manifest, self.registry.written_for, profile, folder, place.environment)
        if place.project not in (None, self.registry.project):
            raise UsageError(
                f"{manifest} is of project {self.registry.project!r}, not of {place.project!r};"
                " go to that project's folder, or leave out --project (FEATURE_WAREHOUSE_PROJECT)"
            )
        self.environment = place.environment or profile.target
        self.names = Names(self.registry.project, self.environment)
        self._url = place.redis_url

    @cached_property
    def client(self) -> Any:
        """Connects when it is first asked for; None where no address is named."""
        from feature_warehouse.redis_store.connection import connect

        if not self._url:
            return None
        return connect(self._url, socket_connect_timeout=5.0, socket_timeout=30.0)

    def refuse_another_warehouse(
        self, warehouse: Warehouse, *, keep: bool = False, take_over: bool = False
    ) -> None:
        """See ``ownership.refuse_another``."""
        from feature_warehouse.publishing.ownership import refuse_another as refuse
        from feature_warehouse.redis_store.connection import reachable

        with reachable(self.client):
            refuse(self.client, self.names, warehouse, keep=keep, take_over=take_over)

    def selected(
        self,
        select: list[str] | None,
        exclude: list[str] | None,
        selector: str | None,
        state: str | None,
        *,
        online: bool = True,
    ) -> set[str] | None:
        """The unique ids that dbt's selectors name; None for all.

        Raises UsageError if none is of a feature view (that is ``online``): a name is misspelt
        then, unless what is selected is what has changed, which may be nothing.
        """
        if not (select or exclude or selector):
            return None
        found = self.project.select(select or [], exclude or [], selector, state)
        views = [view for view in self.registry.views.values() if view.online or not online]
        if not any(view.unique_id in found for view in views):
            kind = "feature view with `online: true`" if online else "feature view"
            what = f"the selection has no {kind}"
            if not (state and selector) and not any(map(_CHANGES.search, select or [])):
                names = [view.name for view in views]
                meant = {hint(word, names) for word in select or [] if word not in names}
                raise UsageError(what + "".join(sorted(meant)[-1:]))
            typer.echo(f"feature-warehouse: warning: {what}", err=True)
        return found
