"""What `forget` does with logged requests: streams, tables and folders, one after another."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from feature_warehouse.draining.erase import (
    RequestTable,
    erase_from_table,
    logged_keys,
    request_tables,
    unexplained,
)
from feature_warehouse.engines import Warehouse, engine_of
from feature_warehouse.engines.appending import relation_of
from feature_warehouse.errors import FeatureWarehouseError, UsageError
from feature_warehouse.request_log.erasing import Erased, Streams, Wanted

if TYPE_CHECKING:
    from feature_warehouse.cli.context import Site

__all__ = ["LogErasure"]

_VARIABLE: Final = "FEATURE_WAREHOUSE_LOG_KEY"
_LEAST_KEY: Final = 16


class Failure(msgspec.Struct, frozen=True):
    """A place that could not be asked, why, and the exit code for it."""

    place: str
    message: str
    exit_code: int


class LogErasure:
    """The log of one store and its warehouse.

    ``places`` are those that may hold the entity, with what was erased there; ``not_explained``
    are columns of tables, of which nobody can tell; ``relations`` the tables of logged requests.
    """

    def __init__(self, site: "Site", entity: Mapping[str, str], *, wait: bool) -> None:
        """Raises UsageError for a secret that no log has."""
        self._site, self._entity, self._wait = site, entity, wait
        self._secret = os.environb.get(_VARIABLE.encode())
        if self._secret is not None and len(self._secret) < _LEAST_KEY:
            raise UsageError(
                f"{_VARIABLE} has fewer than 16 bytes; no request log takes such a key"
            )
        self._streams = Streams(site.client, site.names)
        self._wanted = Wanted(entity, {}, self._secret)
        self._tables: list[RequestTable] = []
        self.places: list[Erased] = []
        self.failures: list[Failure] = []
        self.not_explained: dict[str, list[str]] = {}
        self.relations: list[str] = []

    @property
    def is_logged(self) -> bool:
        """Whether the streams may have such an entity."""
        return self._streams.know(self._wanted)

    @property
    def exit_code(self) -> int:
        codes = [one.exit_code for one in self.failures]
        codes += [1 for one in self.places if one.left or one.unreadable]
        codes += [2 for one in self.places if one.hashed]
        return max(codes, default=0)

    def erase_from_streams(
        self, warehouse: Warehouse, texts: Mapping[str, Sequence[Mapping[str, str]]]
    ) -> None:
        """The first step; ``texts`` are the forms that views have of the entity."""
        site, streams = self._site, self._streams
        self._wanted = Wanted(self._entity, texts, self._secret)
        for service in streams.services:
            self._attempt(
                site.names.requests(service), lambda one=service: streams.erase(one, self._wanted)
            )
        # Looked for after that: what a drain adds from now on it has read after it.
        warehouse.refresh()
        credentials = site.project.profile.credentials
        columns = warehouse.tables_of(credentials.schema)
        for table in request_tables(columns, site.registry, streams):
            relation = relation_of(credentials, table.name)
            self.relations.append(relation)
            if unknown := unexplained(table):
                self.not_explained[relation] = unknown
            if any(self._entity.keys() <= one.columns.keys() for one in table.keys):
                self._tables.append(table)
                for service in {*table.services} - {*streams.services}:
                    streams.mark(service)

    def erase_from_tables(self) -> None:
        """The second, with the warehouse closed: what fails here stops nothing."""
        if not self._tables:
            return
        project = self._site.project
        dialect = engine_of(project.profile.adapter).DIALECT
        try:
            with project.open_tables() as tables:
                for table in self._tables:
                    self._attempt(
                        tables.relation(table.name),
                        lambda one=table: erase_from_table(
                            tables, dialect, one, self._wanted, wait=self._wait
                        ),
                    )
        except FeatureWarehouseError as error:
            self._failed(", ".join(one.name for one in self._tables), error)

    def erase_from_folders(self, folders: Sequence[Path]) -> None:
        """The third; likewise."""
        if not folders:
            return
        from feature_warehouse.request_log.erasing_files import erase_from_folder

        registry = self._site.registry
        services = {*registry.services, *self._streams.services}
        keys = {one: logged_keys(one, registry, self._streams) for one in services}
        for folder in folders:
            self._attempt(
                str(folder),
                lambda one=folder: erase_from_folder(one, keys, self._wanted, wait=self._wait),
            )

    def _attempt(self, place: str, work: Any) -> None:
        try:
            found = work()
        except FeatureWarehouseError as error:
            self._failed(place, error)
        else:
            self.places += found if isinstance(found, list) else [found] if found else []

    def _failed(self, place: str, error: FeatureWarehouseError) -> None:
        self.failures.append(Failure(place, str(error), error.exit_code))
