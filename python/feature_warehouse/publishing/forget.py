"""Erasing an entity from Redis: every row, in every generation of every view, with proof."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from feature_warehouse.codec.arrow import key_type
from feature_warehouse.codec.keys import join_texts, key_text
from feature_warehouse.codec.texts import read_typed
from feature_warehouse.declarations.model import FeatureView, Registry
from feature_warehouse.engines import Warehouse
from feature_warehouse.errors import EntityError, RetainedError, UsageError
from feature_warehouse.publishing.generations import Generations, numbers_in
from feature_warehouse.publishing.locks import locked
from feature_warehouse.redis_store import cluster, layout
from feature_warehouse.redis_store.find import stored

__all__ = ["Erasure", "Forgotten", "forget"]


class Forgotten(msgspec.Struct, frozen=True):
    """What was erased, of which views, and of which the warehouse could not be asked, and why.

    Those of the latter that had rows in Redis are in ``published``: they have to be asked again.
    ``texts`` are the values of the entity in the forms that the row keys of each view have.
    """

    views: list[str]
    erased: list["Erasure"]
    not_asked: dict[str, str]
    published: list[str]
    texts: dict[str, list[dict[str, str]]]


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
    is_logged: bool = False,
) -> Forgotten:
    """Erase the rows of all views whose join keys include those of ``entity`` (texts).

    All views, that is, which are online or have rows in Redis, and of whose join keys the texts can
    be values: the same name may be of other types elsewhere. A view with more join keys loses every
    row with these values. A view that cannot be read, for it is not built yet, stops none of this.
    Raises EntityError if there is no such view, unless such an entity ``is_logged`` at least;
    RetainedError, having erased nothing, while the warehouse holds rows of the entity in one of
    them: the next run would bring them back. Then BusyError if a run is publishing a view.
    """
    refusals: list[EntityError] = []
    found = stored(client, names)
    texts: dict[str, list[dict[str, str]]] = {}
    views = set(_published(client, names, found, registry.views, entity, refusals, texts))
    declared = [view for view in registry.views.values() if view.online or view.name in found]
    held: dict[str, int] = {}
    not_asked: dict[str, str] = {}
    for view in declared:
        if not entity.keys() <= {key.name for key in view.join_keys}:
            continue
        try:
            own = _texts(_key_columns(view, warehouse), entity, refusals)
            if own is None:
                continue
            texts.setdefault(view.name, []).append(own)
            held[view.name] = warehouse.holds(view, own)
        except UsageError as error:
            not_asked[view.name] = str(error)
        views.add(view.name)
    if not views and not is_logged:
        if refusals:
            raise refusals[0]
        raise EntityError(
            "no online feature view has the join keys"
            f" {', '.join(entity) or 'of a global view'}; there are {_known_keys(declared)}"
        )
    if any(held.values()):
        what = ", ".join(f"{count} rows in {name}" for name, count in held.items() if count)
        raise RetainedError(
            f"the warehouse still holds {what}; delete them at their source, run `dbt build`, then"
            " forget again (nothing was erased)"
        )
    erased: list[Erasure] = []
    for name in sorted(views):
        with locked(client, names, name, wait=wait):
            erased += _erase(Generations(client, names, name, repairs=True), names, client, entity)
    published = sorted(not_asked.keys() & {one.view for one in erased})
    return Forgotten(sorted(views), erased, not_asked, published, texts)


def _known_keys(views: Iterable[FeatureView]) -> str:
    keys = sorted({", ".join(key.name for key in view.join_keys) for view in views} - {""})
    return "; ".join(keys) or "none"


def _published(
    client: Any,
    names: layout.Names,
    found: Mapping[str, set[str]],
    declared: Collection[str],
    entity: Mapping[str, str],
    refusals: list[EntityError],
    texts: dict[str, list[dict[str, str]]],
) -> Iterator[str]:
    """The views that may have rows of the entity, as Redis itself says: no list is complete.

    What has lost its description, and is not declared, has rows that nobody can tell any more.
    """
    for name, versions in sorted(found.items()):
        generations = Generations(client, names, name, repairs=True)
        if isinstance(generations.pointer().value.version, str):
            continue  # a service
        described = generations.described(generations.known() | numbers_in(versions))
        for generation in described:
            own = _texts(generation.keys, entity, refusals) if generation.keys else None
            if own is not None:
                texts.setdefault(name, []).append(own)
                yield name
        if name not in declared and len(described) < len(numbers_in(versions)):
            yield name


def _key_columns(view: FeatureView, warehouse: Warehouse) -> list[layout.Column]:
    fields = zip(view.join_keys, warehouse.schema(view), strict=False)
    return [layout.Column(key.name, key_type(key.name, field)) for key, field in fields]


def _texts(
    keys: Sequence[layout.Column], entity: Mapping[str, str], refusals: list[EntityError]
) -> dict[str, str] | None:
    """The entity's values as row keys have them; None, and why, if there can be no such entity."""
    types = {key.name: key.type for key in keys}
    if not entity.keys() <= types.keys():
        return None
    try:
        return {
            name: key_text(name, read_typed(f"entity key {name!r}", text, types[name]), types[name])
            for name, text in entity.items()
        }
    except EntityError as refusal:
        refusals.append(refusal)
        return None


def _erase(
    generations: Generations, names: layout.Names, client: Any, entity: Mapping[str, str]
) -> Iterator[Erasure]:
    for generation in generations.described(generations.all()):
        texts = _texts(generation.keys, entity, [])
        if texts is None:
            continue
        # Before we look: a run that sleeps must not go on as if nothing had happened.
        generations.mark_erasure(generation.number)
        erased = sum(
            cluster.unlink(client, page) for page in _rows(client, names, generation, texts)
        )
        left = sum(len(page) for page in _rows(client, names, generation, texts))
        yield Erasure(generation.view, generation.number, erased, left)
    # What a killed run has left has rows too, and no description: it goes as a whole.
    generations.tidy(keep_previous=True, thoroughly=True)


def _rows(
    client: Any, names: layout.Names, generation: layout.Generation, texts: Mapping[str, str]
) -> Iterator[list[bytes]]:
    """The entity's row keys that are there, in pages."""
    prefix = names.row_prefix(generation.view, generation.number)
    wanted = {
        place: join_texts([texts[key.name]])
        for place, key in enumerate(generation.keys)
        if key.name in texts
    }
    if len(wanted) == len(generation.keys):
        key = f"{prefix}{','.join(wanted.values())}}}".encode()
        yield [key] if client.exists(key) else []
        return
    for page in cluster.scan(client, prefix):
        yield [key for key in page if _matches(key, prefix, wanted)]


def _matches(key: bytes, prefix: str, wanted: Mapping[int, str]) -> bool:
    # A comma within a value is escaped, so that these separate.
    texts = key.decode()[len(prefix) : -1].split(",")
    return all(texts[place] == text for place, text in wanted.items())
