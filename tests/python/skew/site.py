"""The project as built on an engine: rows are loaded, published, read and judged."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from feature_warehouse import OnlineStore, RequestLog
from feature_warehouse.codec.batches import BODY, END
from feature_warehouse.codec.rows import HEADER, OFFSET, encode_rows, to_microseconds
from feature_warehouse.dbt_project import DbtProject
from feature_warehouse.declarations.model import FeatureView, Registry
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.draining.drain import Drain
from feature_warehouse.draining.publications import (
    PUBLICATION_COLUMNS,
    PUBLICATION_KEY,
    PUBLICATIONS,
)
from feature_warehouse.draining.tables import create_statement, layout_of
from feature_warehouse.engines import engine_of
from feature_warehouse.publishing.materialize import Materialization
from feature_warehouse.publishing.run_plan import Clock
from feature_warehouse.redis_store.layout import Names
from feature_warehouse.skew.measure import measure_skew
from feature_warehouse.skew.report import FeatureSkew, SkewReport
from harness.engines import literal
from harness.host import Host
from skew.project import RAW

START = datetime(2026, 1, 1)
SCORE_OF_LOG = (
    "select score, scores_status from requests_risk order by requested_at, read_id, position"
)
NAMES = Names("served", "dev")


class Score(NamedTuple):
    id: int
    ts: datetime
    loaded: datetime
    score: float | None
    grade: str | None = "a"
    base: int | None = 2


class Rate(NamedTuple):
    place: str
    ts: datetime
    rate: str | None


class Site(Host):
    """``log`` is that of ``read``."""

    def empty(self, client: Any) -> None:
        """Begin anew, with nothing loaded, published or logged."""
        self.client = client
        self.log = RequestLog(interval=0.01)
        statements = [f"drop view if exists {name}" for name in ("learned_then", "learned_card")]
        statements += ["drop view if exists learned", "drop table if exists requests_risk"]
        statements += ["drop view if exists told", "drop table if exists requests_telling"]
        statements += [f"delete from {table}" for table in (*RAW, PUBLICATIONS)]
        self.ask("; ".join(statements))

    def create_publications(self) -> None:
        """The table of the publication log, which a training set reads."""
        layout = layout_of(PUBLICATION_COLUMNS, engine_of(self.engine).DIALECT)
        self.ask(create_statement(PUBLICATIONS, layout, PUBLICATION_KEY))

    @property
    def dbt_project(self) -> DbtProject:
        return DbtProject(self.project, target_path=self.engine)

    @property
    def registry(self) -> Registry:
        return read_registry(self.target / "manifest.json", self.project)

    def load(self, *rows: Score | Rate) -> None:
        with self.open() as session:
            for row in rows:
                table = "raw_scores" if isinstance(row, Score) else "raw_rates"
                session.insert(table, [[literal(value) for value in row]])

    def publish(
        self,
        clock: datetime,
        *,
        built_at: datetime | None = None,
        views: dict[str, FeatureView] | None = None,
        progress: Any = lambda *_: None,
        **options: Any,
    ) -> list[str]:
        """A run over all views; ``built_at`` is when dbt began. The modes of its runs."""
        registry = self.registry
        built = to_microseconds(built_at or clock)
        found = {
            name: msgspec.structs.replace(view, built_at=built)
            for name, view in {**registry.views, **(views or {})}.items()
        }
        registry = msgspec.structs.replace(registry, views=found)
        at = Clock.at(clock.replace(tzinfo=UTC))
        with self.dbt_project.open_warehouse() as warehouse:
            work = Materialization(registry, self.client, environment="dev", clock=at, **options)
            results = list(work.views(warehouse, progress))
            # A service that is published already goes on with views of another declaration.
            services = [] if views else work.services(warehouse)
            messages = {one.message for one in results} | {one.message for one in services}
        assert messages == {""}, messages
        return [one.mode for one in results]

    def read(
        self,
        url: str,
        at: datetime,
        *asked: tuple[int, str],
        amount: float = 3.0,
        request_id: str | None = None,
    ) -> Any:
        """Read entities, each an id and a city, at an instant."""
        with OnlineStore.from_url(
            url, project="served", environment="dev", request_log=self.log
        ) as store:
            entities = [{"id": one, "city": city, "amount": amount} for one, city in asked]
            return store.get_many("risk", entities, at=at, request_id=request_id).to_dicts()

    def tell(self) -> None:
        """A log of one request of the service ``telling``, which gave another id than it has."""
        service = self.registry.services["telling"]
        values = {
            "read_id": "1",
            "position": "0",
            "request_id_": "two",
            "city": "Rome",
            "requested_at": str(hours(5)),
            "fingerprint": service.fingerprint,
            "request_id": "one",
            "rate": "1.50",
            "told": "said by the caller",
        }
        columns = ", ".join(f"'{text}' as {name}" for name, text in values.items())
        self.ask(f"create table requests_telling as select {columns}")

    def rewrite(
        self,
        number: int,
        *,
        event: datetime | None = None,
        created: datetime | None = None,
        **features: Any,
    ) -> None:
        """Change the row of an entity in the first generation in Redis, as no run does."""
        row = self.client.get(key(number))
        old_event, old_created, run, schema = HEADER.unpack_from(row)
        values = msgspec.msgpack.decode(row[BODY:END])
        for place, name in enumerate(("score", "grade", "base")):
            values[place] = features.get(name, values[place])
        [changed] = encode_rows(
            [key(number).encode()],
            [old_event - OFFSET if event is None else to_microseconds(event)],
            [old_created - OFFSET if created is None else to_microseconds(created)],
            run,
            schema,
            [[value] for value in values],
        )
        self.client.set(key(number), changed)

    def drain(self) -> None:
        profile = self.dbt_project.profile
        with self.dbt_project.open_tables() as tables:
            work = Drain(
                self.client, NAMES, tables, engine_of(profile.adapter).DIALECT, create=True
            )
            messages = {work.service("risk").message, work.publications().message}
        assert messages == {""}, messages

    def skew(self, **options: Any) -> SkewReport:
        return measure_skew(self.dbt_project, self.registry, "risk", **options)

    def skewed(self, **options: Any) -> dict[str, FeatureSkew]:
        """Drain and measure."""
        self.drain()
        return {one.feature: one for one in self.skew(tolerance=0, **options).features}


def key(number: int, generation: int = 1) -> str:
    """The key of the row of an entity."""
    return f"served.dev:scores@{generation}:{{{number}}}"


def hours(number: float) -> datetime:
    return START + timedelta(hours=number)


def counts(feature: FeatureSkew) -> dict[str, int]:
    """How many values have which verdict, but for those that no value has."""
    found = feature.counts()
    assert sum(found.values()) == feature.values
    return {name: count for name, count in found.items() if count}
