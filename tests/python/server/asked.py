"""An application that is asked in this process, without a network."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from feature_warehouse.server.app import App
from feature_warehouse.server.settings import Settings
from harness.redis_fixture import NAMES


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def problem(self) -> tuple[int, str, str]:
        """Status, code and detail, of what has to be a problem of one line."""
        content = self.json
        assert self.headers["content-type"] == "application/problem+json"
        assert content.keys() == {"title", "status", "code", "detail"}
        assert content["status"] == self.status
        assert "\n" not in content["detail"]
        return self.status, content["code"], content["detail"]


class Asker:
    """Asks one application, in an event loop of its own."""

    def __init__(self, app: App, runner: asyncio.Runner) -> None:
        self.app, self._runner = app, runner

    def __call__(
        self,
        method: str,
        path: str,
        content: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        pieces: Sequence[bytes | None] | None = None,
    ) -> Answer:
        """``content`` is sent as JSON; ``pieces`` are a body as it is, None in it never comes."""
        if pieces is None:
            pieces = [b"" if content is None else json.dumps(content).encode()]
        return self._runner.run(self._ask(method, path, headers or {}, pieces))

    def post(self, name: str, entities: Any, **more: Any) -> Answer:
        return self("POST", f"/v1/services/{name}", {"entities": entities, **more})

    async def _ask(
        self, method: str, path: str, headers: Mapping[str, str], pieces: Sequence[bytes | None]
    ) -> Answer:
        sent = [*pieces]
        got: list[Any] = []

        async def receive() -> Any:
            if not sent or sent[0] is None:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": sent.pop(0), "more_body": bool(sent)}

        async def send(message: Any) -> None:
            got.append(message)

        pairs = {"host": "127.0.0.1", **headers}
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "root_path": "",
            "query_string": b"",
            "headers": [(name.encode(), text.encode("latin-1")) for name, text in pairs.items()],
        }
        await self.app(scope, receive, send)
        start, *bodies = got
        return Answer(
            start["status"],
            {name.decode(): text.decode() for name, text in start["headers"]},
            b"".join(one["body"] for one in bodies),
        )


@contextmanager
def asker(url: str, **settings: Any) -> Iterator[Asker]:
    app = App(Settings(url, project=NAMES.project, environment=NAMES.environment, **settings))
    with asyncio.Runner() as runner:
        try:
            yield Asker(app, runner)
        finally:
            runner.run(app.store.close())
