"""Erasing an entity from Redis: every row, in every generation of every view, with proof."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from feature_warehouse import layout, nodes
from feature_warehouse.codec.keys import join_texts, key_text, parse_key
from feature_warehouse.errors import EntityError, RetainedError
from feature_warehouse.generations import Generations
from feature_warehouse.locks import locked
from feature_warehouse.registry import FeatureView, Registry
from feature_warehouse.warehouse import Warehouse

__all__ = ["Erasure", "forget"]


class Erasure(msgspec.Struct, frozen=True):
    """What was erased of one generation. ``left`` is what a second look found: 0."""

    view: str
    generation: int
    rows_erased: int
    left: int


def forget(
    registry: Registry,
    client: Any,
    names: layout.Names,
    warehouse: Warehouse,
    entity: Mapping[str, str],
    *,
    wait: bool = False,
) -> list[Erasure]:
    """Erase the rows of all views whose join keys include those of ``entity`` (texts).

    A view with more join keys loses every row with these values. Raises EntityError if no view has
    such keys, RetainedError, having erased nothing, while the warehouse holds rows of the entity:
    the next run would bring them back. Then BusyError if a run is publishing a view.
    """
    views = list(_published(client, names, entity))
    declared = [
        view
        for view in registry.views.values()
        if entity.keys() <= {key.name for key in view.join_keys}
    ]
    if not views and not declared:
        raise EntityError(
            f"no feature view has the join keys {', '.join(entity) or 'of a global view'};"
            f" there are {_known_keys(registry.views.values())}"
        )
    held = {view.name: count for view in declared if (count := warehouse.holds(view, entity))}
    if held:
        what = ", ".join(f"{count} rows in {name}" for name, count in held.items())
        raise RetainedError(
            f"the warehouse still holds {what}; delete them at their source, run `dbt build`, then"
            " forget again (nothing was erased)"
        )
    erased: list[Erasure] = []
    for view in sorted({*views, *(view.name for view in declared)}):
        with locked(client, names, view, wait=wait):
            # What a killed run has left has rows too, and no description.
            Generations(client, names, view).tidy(keep_previous=True)
            erased += _erase(Generations(client, names, view), names, client, entity)
    return erased


def _known_keys(views: Iterable[FeatureView]) -> str:
    keys = sorted({", ".join(key.name for key in view.join_keys) for view in views} - {""})
    return "; ".join(keys) or "none"


def _published(client: Any, names: layout.Names, entity: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(member.decode() for member in client.smembers(names.members)):
        keys = [key for one in Generations(client, names, name).all() for key in one.keys]
        if keys and entity.keys() <= {key.name for key in keys}:
            yield name


def _erase(
    generations: Generations, names: layout.Names, client: Any, entity: Mapping[str, str]
) -> Iterator[Erasure]:
    for generation in generations.all():
        if not entity.keys() <= {key.name for key in generation.keys}:
            continue
        erased = sum(
            nodes.unlink(client, page) for page in _rows(client, names, generation, entity)
        )
        left = sum(len(page) for page in _rows(client, names, generation, entity))
        generations.lose_count(generation.number)
        yield Erasure(generation.view, generation.number, erased, left)


def _rows(
    client: Any, names: layout.Names, generation: layout.Generation, entity: Mapping[str, str]
) -> Iterator[list[bytes]]:
    """The entity's row keys that are there, in pages."""
    prefix = names.row_prefix(generation.view, generation.number)
    wanted = {
        place: join_texts([key_text(key.name, _value(key, entity), key.type)])
        for place, key in enumerate(generation.keys)
        if key.name in entity
    }
    if len(wanted) == len(generation.keys):
        key = f"{prefix}{','.join(wanted.values())}}}".encode()
        yield [key] if client.exists(key) else []
        return
    for page in nodes.scan(client, prefix):
        yield [key for key in page if _matches(key, prefix, wanted)]


def _value(key: layout.Column, entity: Mapping[str, str]) -> Any:
    return parse_key(key.name, entity[key.name], key.type)


def _matches(key: bytes, prefix: str, wanted: Mapping[int, str]) -> bool:
    # A comma within a value is escaped, so that these separate.
    texts = key.decode()[len(prefix) : -1].split(",")
    return all(texts[place] == text for place, text in wanted.items())
