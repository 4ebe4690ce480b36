"""Views and services put into Redis by hand: any generation, pointer or clock, on any server."""

from collections.abc import Mapping, Sequence
from typing import Any

from feature_warehouse.codec.keys import join_texts
from feature_warehouse.codec.rows import encode_rows, schema_fingerprint
from feature_warehouse.redis_store import layout

NAMES = layout.Names("mini", "dev")
HOUR = 3_600_000_000

Kinds = Mapping[str, str]
Row = tuple[int, Sequence[Any]] | tuple[int, int | None, int, Sequence[Any]]
"""Event timestamp in microseconds since 1970 UTC, created timestamp and run, and the features in
stored form. Without the middle nothing was created, by run 1.
"""


class Shelf:
    """Writes through a client of any kind; keys are of the type that ``keys`` says."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def view(
        self,
        view: str,
        features: Kinds,
        rows: Mapping[Any, Row],
        *,
        number: int = 1,
        keys: Kinds | None = None,
        defaults: Mapping[str, Any] | None = None,
        **generation: Any,
    ) -> None:
        """Write a generation; a key of ``rows`` is a join key's value, or a tuple of several."""
        keys = {"id": "int"} if keys is None else keys
        schema = schema_fingerprint([*keys.items(), *features.items()])
        description = layout.Generation(
            view=view,
            number=number,
            keys=tuple(layout.Column(name, kind) for name, kind in keys.items()),
            features=tuple(
                layout.Feature(name, kind, (defaults or {}).get(name))
                for name, kind in features.items()
            ),
            schema=schema,
            declaration={},
            **generation,
        )
        for key, row in rows.items():
            event, values = row[0], row[-1]
            created, run = (row[1], row[2]) if len(row) == 4 else (None, 1)
            texts = [str(part) for part in (key if isinstance(key, tuple) else (key,))]
            own = f"{NAMES.row_prefix(view, number)}{join_texts(texts)}}}"
            columns = [[value] for value in values]
            [stored] = encode_rows([own.encode()], [event], [created], run, schema, columns)
            self.client.set(own, stored)
        key = NAMES.description(view, number)
        self.client.set(key, layout.sealed(description, key))

    def flip(self, name: str, version: int | str, **pointer: Any) -> None:
        """Lead readers to a version."""
        state = layout.Pointer(version=version, **pointer)
        self.client.set(NAMES.pointer(name), layout.sealed(state, NAMES.pointer(name)))
        self.client.sadd(NAMES.members, name)
        self.client.sadd(layout.STORES, NAMES.store)

    def service(
        self,
        name: str,
        fingerprint: str,
        parts: Mapping[str, Kinds],
        *,
        prefixes: bool = True,
        **more: Any,
    ) -> None:
        """A service of views that all are keyed by ``id``; ``parts`` are their features' kinds."""
        shares = tuple(
            layout.ServicePart(
                view,
                {"id": "id"},
                {one: f"{view}_{one}" if prefixes else one for one in kinds},
                dict(kinds),
            )
            for view, kinds in parts.items()
        )
        key = NAMES.description(name, fingerprint)
        self.client.set(key, layout.sealed(layout.Service(name, fingerprint, shares), key))
        self.flip(name, fingerprint, **more)


def shelve_scores(client: Any) -> Shelf:
    """Two views and a service ``risk`` over both, of ids 0 to 99."""
    shelf = Shelf(client)
    shelf.view("scores", {"score": "float"}, {i: (HOUR, [i / 2]) for i in range(100)})
    shelf.view("names", {"name": "string"}, {i: (HOUR, [f"n{i}"]) for i in range(100)})
    shelf.flip("scores", 1)
    shelf.flip("names", 1)
    shelf.service("risk", "abcd", {"scores": {"score": "float"}, "names": {"name": "string"}})
    return shelf
