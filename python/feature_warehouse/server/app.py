"""The application: who may ask what, and what is answered; see ``routes`` for the paths."""

import asyncio
import logging
import time
from typing import Final

from starlette.exceptions import HTTPException
from starlette.routing import Router

from feature_warehouse.errors import FeatureWarehouseError, NotPublishedError
from feature_warehouse.request_log import RequestLog
from feature_warehouse.server.exchange import Exchange, Receive, Scope, Send
from feature_warehouse.server.metrics import Metrics
from feature_warehouse.server.problems import Problem, problem_of
from feature_warehouse.server.routes import OPEN, Routes
from feature_warehouse.server.settings import Settings, is_loopback
from feature_warehouse.server.store import ServedStore
from feature_warehouse.server.tokens import EVERYTHING

__all__ = ["App"]

_logger: Final = logging.getLogger("feature_warehouse.server")


class App:
    """An ASGI application over one store. ``is_draining`` tells clients to go elsewhere."""

    def __init__(self, settings: Settings) -> None:
        """Raises UsageError for an address of Redis that is none."""
        self.settings = settings
        self.is_draining = False
        self.metrics = Metrics()
        log = settings.logging
        self.request_log = (
            RequestLog(log.to, sample=log.sample, pii_key=log.pii_key) if log else None
        )
        self.store = ServedStore.from_url(
            settings.redis_url,
            project=settings.project,
            environment=settings.environment,
            request_log=self.request_log,
        )
        self._routes = Routes(self)
        self._router = Router(self._routes.all(), redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What a server of ASGI calls."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.store.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        limits = self.settings.limits
        exchange = Exchange(scope, receive, send, limits)
        scope["exchange"], scope["app"] = exchange, self
        self.metrics.began()
        try:
            async with asyncio.timeout(limits.seconds):
                problem = await self._answered(exchange, receive, send)
                if problem is not None:
                    await exchange.refuse(problem)
        except TimeoutError:
            await self._late(exchange)
        except ConnectionResetError:
            exchange.status = 0  # nobody is there to hear an answer
        finally:
            path = scope.get("path_of_metrics", "other")
            seconds = time.perf_counter() - started
            self.metrics.ended(path, exchange.name, exchange.status or 0, seconds)

    async def _answered(self, exchange: Exchange, receive: Receive, send: Send) -> Problem | None:
        """Let a handler answer; what is to be answered if it does not."""
        try:
            self._admit(exchange)
            await self._router(exchange.scope, receive, send)
        except Problem as refusal:
            return refusal
        except HTTPException as error:
            return _of_router(error, exchange.scope)
        except FeatureWarehouseError as error:
            problem = problem_of(error)
            if isinstance(error, NotPublishedError) and exchange.rights.names is not None:
                # The rest suggests names, which may be some that the token does not have.
                problem.detail = problem.detail.partition(";")[0]
            if problem.status >= 500:
                _logger.error("%s", error)
            return problem
        except (TimeoutError, ConnectionResetError, asyncio.CancelledError):
            raise
        except Exception:  # a bug of ours costs one answer, and not the connection
            _logger.exception("internal error")
            if exchange.status is not None:
                raise  # an answer has begun
            return Problem("internal", "internal error; the server's log says where")
        return None

    def _admit(self, exchange: Exchange) -> None:
        """Raise Problem for who may not ask anything."""
        if exchange.scope["path"] in OPEN:
            return
        if exchange.scope.get("is_surplus"):
            exchange.closing = True
            raise Problem("busy", "there are too many connections; try again")
        tokens = self.settings.tokens
        if tokens.entries:
            rights = tokens.rights(exchange.header(b"authorization"))
            if rights is None:
                raise Problem("token", "no known token; send it as Authorization: Bearer <token>")
            exchange.rights = rights
            return
        exchange.rights = EVERYTHING
        # A page in a browser may have given its own name the address of this machine.
        host = exchange.header(b"host").decode("latin-1")
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        if host and not is_loopback(name):
            raise Problem(
                "host", "without tokens this server answers to localhost and 127.0.0.1 only"
            )
        origin = exchange.header(b"origin").decode("latin-1")
        if origin and origin.partition("://")[2].lower() != host.lower():
            raise Problem("origin", "without tokens this server answers no pages of other sites")

    async def _late(self, exchange: Exchange) -> None:
        """The time is over: say so, if there is still time to say anything."""
        seconds = f"{self.settings.limits.seconds:g} s"
        if exchange.status is not None:
            raise TimeoutError(f"an answer was not taken within {seconds}")
        if exchange.is_read or exchange.scope["method"] != "POST":
            problem = Problem("late", f"Redis did not answer within {seconds}; try again")
        else:
            problem = Problem("slow", f"the request did not arrive within {seconds}")
        exchange.closing = True
        await exchange.refuse(problem)


def _of_router(error: HTTPException, scope: Scope) -> Problem:
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        method = scope["method"]
        return Problem(
            "method",
            f"the path does not take {method}, but {allowed}",
            (b"allow", allowed.encode()),
        )
    return Problem("path", "there is no such path; /openapi.json lists those that there are")
