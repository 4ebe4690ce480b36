"""The paths of a server, and what answers each of them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from starlette.routing import BaseRoute, Route

from feature_warehouse.errors import FeatureWarehouseError, FingerprintError
from feature_warehouse.server import feast
from feature_warehouse.server.answers import Answers
from feature_warehouse.server.exchange import ARROW, JSON, Exchange, Receive, Scope, Send
from feature_warehouse.server.metrics import CONTENT_TYPE_LATEST
from feature_warehouse.server.openapi import description
from feature_warehouse.server.problems import Problem, problem_of
from feature_warehouse.server.requests import FeastRead, Read, decoded
from feature_warehouse.server.store import Entities, Question
from feature_warehouse.server.tokens import METRICS
from feature_warehouse.serving.plan import Plan
from feature_warehouse.serving.vectors import FeatureVectors

if TYPE_CHECKING:
    from feature_warehouse.server.app import App

__all__ = ["OPEN", "Routes"]

OPEN: Final = frozenset(("/health", "/ready"))
"""Paths that need no token."""

Handler = Callable[[Exchange], Awaitable[None]]


class _Endpoint:
    """A path's handlers, by method. Starlette leaves alone what is no function."""

    def __init__(self, path: str, handlers: Mapping[str, Handler]) -> None:
        self._path, self._handlers = path, {"HEAD": handlers.get("GET"), **handlers}

    async def __call__(self, scope: Scope, _: Receive, __: Send) -> None:
        scope["path_of_metrics"] = self._path
        handler = self._handlers[scope["method"]]
        assert handler is not None  # Starlette asks for methods that there are
        await handler(scope["exchange"])


class Routes:
    """Handlers of an application."""

    def __init__(self, app: "App") -> None:
        self._app, self._store = app, app.store
        self._answers: dict[str, Answers] = {}

    def all(self) -> Sequence[BaseRoute]:
        """Each path with its handlers."""
        paths: dict[str, dict[str, Handler]] = {
            "/v1/services/{name}": {"POST": self._read, "GET": self._describe},
            "/v1/services": {"GET": self._list},
            "/openapi.json": {"GET": self._openapi},
            "/get-online-features": {"POST": self._read_as_feast},
            "/health": {"GET": self._health},
            "/ready": {"GET": self._ready},
            METRICS: {"GET": self._metrics},
        }
        return [
            Route(path, _Endpoint(path, handlers), methods=list(handlers))
            for path, handlers in paths.items()
        ]

    async def _read(self, exchange: Exchange) -> None:
        name = self._named(exchange)
        kind = exchange.accepted(JSON, ARROW)
        body = await exchange.body()
        asked = decoded(body, Read)
        asked.check()
        self._refuse_many(len(asked.entities))
        question = Question(name, asked.expect, asked.instant, asked.request_id, asked.tag)
        first = [asked.entities]

        def entities(_: Mapping[str, str]) -> list[dict[str, Any]]:
            return first.pop() if first else decoded(body, Read).entities

        vectors = await self._vectors(exchange, question, entities)
        answers = self.answers_of(vectors)
        if kind == ARROW:
            from feature_warehouse.server.arrow_answers import stream

            text = stream(
                answers,
                vectors,
                statuses=bool(asked.statuses),
                event_timestamps=asked.event_timestamps,
            )
            counts = answers.count(vectors)
        else:
            text, counts = answers.json(
                vectors,
                by_columns=asked.layout == "columns",
                statuses=asked.statuses is not False,
                event_timestamps=asked.event_timestamps,
            )
        self._app.metrics.answered(name, len(vectors), counts)
        await exchange.answer(text, kind)

    async def _read_as_feast(self, exchange: Exchange) -> None:
        body = await exchange.body()
        asked = decoded(body, FeastRead)
        self._refuse_many(feast.count_of(asked))
        parts = feast.parts_of(asked)
        feast.refuse_many(asked, parts, self._app.settings.limits.entities)
        for part in parts:
            self._allow(exchange, part.name)
        reads = [self._feast_part(exchange, part, asked) for part in parts]
        # One needs no task of its own, which takes as long as the rest of a small answer.
        found = [await reads[0]] if len(reads) == 1 else await asyncio.gather(*reads)
        content = feast.answer(asked, parts, found)
        exchange.name = asked.feature_service or ""
        await exchange.answer_json(content)

    async def _feast_part(
        self, exchange: Exchange, part: feast.Part, asked: FeastRead
    ) -> feast.Found:
        def entities(keys: Mapping[str, str]) -> list[dict[str, Any]]:
            return feast.rows_of(asked, part.name, list(keys))

        vectors = await self._vectors(exchange, Question(part.name), entities)
        answers = self.answers_of(vectors)
        self._app.metrics.answered(part.name, len(vectors), answers.count(vectors))
        return answers, vectors

    async def _vectors(
        self, exchange: Exchange, question: Question, entities: Entities
    ) -> FeatureVectors:
        try:
            vectors = await self._store.read(question, entities)
        except FingerprintError as error:
            if question.expect is None:
                raise
            raise Problem("fingerprint", str(error)) from None
        exchange.name = question.name
        self._app.metrics.lent(self._store.lent)
        return vectors

    async def _describe(self, exchange: Exchange) -> None:
        plan = await self._store.plan(self._named(exchange))
        exchange.name = plan.name
        await exchange.answer_json(described(plan))

    async def _list(self, exchange: Exchange) -> None:
        names = filter(exchange.rights.allow, await self._store.names())
        found = await asyncio.gather(*map(self._listed, names))
        await exchange.answer_json({"services": found})

    async def _listed(self, name: str) -> dict[str, Any]:
        try:
            plan = await self._store.plan(name)
        except FeatureWarehouseError as error:
            # One that is half published hides no others.
            return {"name": name, "error": problem_of(error).detail}
        about = described(plan)
        return {
            key: about[key] for key in ("name", "kind", "fingerprint", "stands_for") if key in about
        }

    async def _openapi(self, exchange: Exchange) -> None:
        names = filter(exchange.rights.allow, await self._store.names())
        plans = await asyncio.gather(*map(self._store.plan, names), return_exceptions=True)
        content = description(
            [plan for plan in plans if isinstance(plan, Plan)],
            with_tokens=bool(self._app.settings.tokens.entries),
        )
        await exchange.answer_json(content)

    async def _health(self, exchange: Exchange) -> None:
        await exchange.answer_json({"status": "alive"})

    async def _ready(self, exchange: Exchange) -> None:
        try:
            is_ready = not self._app.is_draining and await self._store.is_ready()
        except FeatureWarehouseError:
            is_ready = False
        status = {True: ("ready", 200), False: ("not ready", 503)}[is_ready]
        await exchange.answer_json({"status": status[0]}, status[1])

    async def _metrics(self, exchange: Exchange) -> None:
        self._allow(exchange, METRICS)
        app = self._app
        if app.request_log is not None:
            app.metrics.logged(app.request_log.written, app.request_log.dropped)
        text = await asyncio.to_thread(app.metrics.text)
        await exchange.answer(text, CONTENT_TYPE_LATEST)

    def answers_of(self, vectors: FeatureVectors) -> Answers:
        """What writes them; made once for each plan."""
        plan = vectors.plan
        found = self._answers.get(plan.name)
        if found is None or found.plan is not plan:
            found = self._answers[plan.name] = Answers(plan)
        return found

    def _named(self, exchange: Exchange) -> str:
        name: str = exchange.scope["path_params"]["name"]
        self._allow(exchange, name)
        return name

    def _allow(self, exchange: Exchange, name: str) -> None:
        if not exchange.rights.allow(name):
            raise Problem("right", f"the token may not read {name!r}")

    def _refuse_many(self, entities: int) -> None:
        most = self._app.settings.limits.entities
        if entities > most:
            raise Problem(
                "too_large", f"{entities} entities are more than {most}; ask for fewer at a time"
            )


def described(plan: Plan) -> dict[str, Any]:
    """What clients may know of a service or view."""
    service = plan.service
    about: dict[str, Any] = {
        "name": plan.name,
        "kind": "view" if service is None else "service",
        "fingerprint": plan.fingerprint,
        "entity_keys": plan.entity,
        "request_columns": {
            name: kind for name, kind in plan.asked.items() if name not in plan.entity
        },
        "features": dict(zip(plan.names, plan.types, strict=True)),
    }
    meant = plan.parts[0].view if service is None and plan.parts else ""
    meant = service.service if service is not None else meant
    if meant and meant != plan.name:
        about["stands_for"] = meant
    if service is not None and service.deprecation_date:
        about["deprecation_date"] = service.deprecation_date
    return about
