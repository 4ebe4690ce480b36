"""The row keys of entities, for whole lists of them at once."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from feature_warehouse.codec.keys import ESCAPES, join_texts, key_text
from feature_warehouse.errors import EntityError
from feature_warehouse.serving.plan import Plan

__all__ = ["row_keys", "wrong_entities"]

Entities = Sequence[Mapping[str, Any]]
_Keys = Sequence[tuple[str, str]]

_special: Final = re.compile("[\n" + "".join(character for character, _ in ESCAPES) + "]").search


def row_keys(plan: Plan, entities: Entities) -> list[Sequence[str | None]]:
    """The row keys of all entities for each part; None where a join key is NULL.

    NULL equals nothing, so there is no row to ask for. Raises EntityError for a wrong entity, and
    for what is no list of entities.
    """
    try:
        # Not as a truth: an array and a table have none, and whatever streams has no length.
        if len(entities) == 0 and not isinstance(entities, Mapping):
            return [[] for _ in plan.parts]
        if set(map(len, entities)) != {len(plan.asked)}:
            raise wrong_entities(plan, entities, None)
        lines = [_lines(keys, entities) for keys in plan.texts]
        texts = [
            None if its_lines else [_text(keys, entity) for entity in entities]
            for keys, its_lines in zip(plan.texts, lines, strict=True)
        ]
    except (KeyError, TypeError) as error:
        raise wrong_entities(plan, entities, error) from None
    found: list[Sequence[str | None]] = []
    for part in plan.parts:
        prefix, its_lines, its_texts = part.prefix, lines[part.text], texts[part.text]
        if its_texts is None:
            together = its_lines.replace("\n", f"}}\n{prefix}")
            found.append(f"{prefix}{together}}}".split("\n"))
        else:
            found.append([None if text is None else f"{prefix}{text}}}" for text in its_texts])
    return found


def _lines(keys: _Keys, entities: Entities) -> str:
    """What stands between the braces of each row key, in lines; empty where it is not as simple.

    It is simple for a single key of numbers, or of text without special characters. That is far
    quicker than one after another.
    """
    if len(keys) > 1 or not keys:
        return ""
    [(key, kind)] = keys
    values = [entity[key] for entity in entities]
    types = set(map(type, values))
    if kind == "int" and types == {int}:
        try:
            return msgspec.json.encode(values)[1:-1].replace(b",", b"\n").decode()
        except OverflowError:
            return ""
    if kind == "string" and types == {str}:
        together = "".join(values)
        if together.isascii() and not _special(together):
            return "\n".join(values)
    return ""


def _text(keys: _Keys, entity: Mapping[str, Any]) -> str | None:
    values = [entity[key] for key, _ in keys]
    if None in values:
        return None
    text = join_texts(
        [key_text(key, value, kind) for (key, kind), value in zip(keys, values, strict=True)]
    )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise EntityError(
            f"entity key {' or '.join(repr(key) for key, _ in keys)} holds half a surrogate pair,"
            " which is not valid text"
        ) from None
    return text


def wrong_entities(plan: Plan, entities: Any, error: Exception | None) -> Exception:
    """What is wrong with the entities; the error that came if it is not they."""
    keys = ", ".join(plan.asked) or "no keys"
    example = str(dict.fromkeys(plan.asked, ...)).replace("Ellipsis", "...")
    if not hasattr(entities, "__len__") or hasattr(entities, "keys"):
        return EntityError(
            f"{plan.name!r} takes a list of entities, such as [{example}], not {_kind(entities)}"
        )
    for entity in entities:
        if not hasattr(entity, "keys"):
            return EntityError(
                f"an entity for {plan.name!r} is a dict, such as {example}, not {_kind(entity)}"
            )
    wrong = [entity for entity in entities if set(entity.keys()) != set(plan.asked)]
    if not wrong and error:
        return error
    entity = wrong[0]
    missing = [key for key in plan.asked if key not in entity]
    unknown = [str(key) for key in entity if key not in plan.asked]
    problems = [f"lacks {', '.join(missing)}"] if missing else []
    problems += [f"has unknown {', '.join(unknown)}"] if unknown else []
    return EntityError(f"the entity for {plan.name!r} {' and '.join(problems)}; it takes {keys}")


def _kind(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
