"""Feast's API for reads, ``POST /get-online-features``, over services and feature views.

A feature service of Feast is a service here, and ``features`` such as ``orders:amount`` are those
of a view by its own name. ``results`` has an entry for each entity key and then for each feature,
with a value, a status and an event timestamp for each entity.

Feast knows PRESENT, NULL_VALUE, NOT_FOUND and OUTSIDE_MAX_AGE. Of these its own server says PRESENT
for NULL too, and does not look at ages; ours says what is.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from feature_warehouse.errors import EntityError
from feature_warehouse.server.answers import Answers
from feature_warehouse.server.problems import Problem
from feature_warehouse.server.requests import FeastRead
from feature_warehouse.serving.vectors import FeatureVectors

__all__ = ["Found", "Part", "answer", "count_of", "parts_of", "refuse_many", "rows_of"]

_STATUSES: Final = {
    "found": "PRESENT",
    "null": "NULL_VALUE",
    "missing": "NOT_FOUND",
    "expired": "OUTSIDE_MAX_AGE",
}
_MOST_VIEWS: Final = 100
_MOST_ROWS: Final = 10
"""So many rows of views are read at most for each entity that a request may have."""

_NO_TIME: Final = "1970-01-01T00:00:00Z"

Found = tuple[Answers, FeatureVectors]


class Part(NamedTuple):
    """One read: a service with all its features (None), or some features of a view."""

    name: str
    features: tuple[str, ...] | None


def count_of(asked: FeastRead) -> int:
    """The number of entities. Raises Problem for columns of different lengths."""
    lengths = {name: len(values) for name, values in asked.entities.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {length}" for name, length in list(lengths.items())[:5])
        raise Problem("request", f"all columns of entities have one length, but {told}")
    return max(lengths.values(), default=0)


def parts_of(asked: FeastRead) -> list[Part]:
    """The reads that a request asks for. Raises Problem."""
    if asked.feature_service:
        return [Part(asked.feature_service, None)]
    if not asked.features:
        raise Problem("request", "name a feature_service, or features such as orders:amount")
    wanted: dict[str, list[str]] = {}
    names: set[str] = set()
    for reference in asked.features:
        view, _, feature = reference.partition(":")
        if not (view and feature):
            raise Problem("request", f"{reference!r} is no feature; write it as view:feature")
        wanted.setdefault(view, []).append(feature)
        name = reference if asked.full_feature_names else feature
        if name in names:
            # Feast refuses it likewise: results are told apart by their names alone.
            raise Problem(
                "request",
                f"{name!r} is asked for twice; set full_feature_names if it is of two views",
            )
        names.add(name)
    if len(wanted) > _MOST_VIEWS:
        raise Problem("too_large", f"{len(wanted)} views are more than {_MOST_VIEWS}; ask twice")
    return [Part(view, tuple(features)) for view, features in wanted.items()]


def refuse_many(asked: FeastRead, parts: Sequence[Part], entities: int) -> None:
    """Raise Problem for more reads than ``_MOST_ROWS`` times the limit of entities."""
    most = entities * _MOST_ROWS
    rows = count_of(asked) * len(parts)
    if rows > most:
        raise Problem(
            "too_large",
            f"{len(parts)} views for {count_of(asked)} entities are {rows} rows, more than {most};"
            " ask for fewer at a time",
        )


def rows_of(asked: FeastRead, name: str, keys: Sequence[str]) -> list[dict[str, Any]]:
    """The entities of one read, with the keys that it takes. Raises EntityError if one lacks."""
    lacking = [key for key in keys if key not in asked.entities]
    if lacking:
        raise EntityError(f"entities lack {', '.join(lacking)}, which {name!r} takes")
    columns = [asked.entities[key] for key in keys]
    if not keys:
        return [{} for _ in range(max(count_of(asked), 1))]
    return [dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True)]


def answer(asked: FeastRead, parts: Sequence[Part], found: Sequence[Found]) -> dict[str, Any]:
    """The content of the answer. Raises Problem for a feature that a view does not have."""
    keys = {key for _, vectors in found for key in vectors.plan.asked}
    names = [key for key in asked.entities if key in keys]
    results = [_of_key(asked.entities[key]) for key in names]
    for part, (answers, vectors) in zip(parts, found, strict=True):
        plan = vectors.plan
        features = plan.names if part.features is None else part.features
        unknown = [feature for feature in features if feature not in plan.index]
        if unknown:
            raise Problem(
                "not_published",
                f"{part.name!r} has no feature {unknown[0]!r}; it has {', '.join(plan.names)}",
            )
        names += [_name(asked, part, feature, vectors) for feature in features]
        places = [plan.index[feature] for feature in features]
        results += _of_features(answers, vectors, places)
    return {"metadata": {"feature_names": names}, "results": results}


def _name(asked: FeastRead, part: Part, feature: str, vectors: FeatureVectors) -> str:
    if not asked.full_feature_names:
        return feature
    plan = vectors.plan
    view = plan.parts[plan.part_of[feature]].view if feature in plan.part_of else part.name
    return f"{view}__{feature}"


def _of_key(values: Sequence[Any]) -> dict[str, Any]:
    count = len(values)
    return {
        "values": values,
        "statuses": _text(["PRESENT"] * count),
        "event_timestamps": _text([_NO_TIME] * count),
    }


def _of_features(
    answers: Answers, vectors: FeatureVectors, places: Sequence[int]
) -> list[dict[str, Any]]:
    """An entry for each feature. What many of them have in common is written once."""
    if not len(vectors):
        return [{"values": [], "statuses": []} for _ in places]
    values = list(zip(*answers.written(vectors, whole_as_numbers=True), strict=True))
    statuses = list(zip(*answers.statuses(vectors), strict=True))
    parts = [_text(list(map(_time, part))) for part in answers.events_of_parts(vectors)]
    texts: dict[Any, msgspec.Raw] = {}
    found: list[dict[str, Any]] = []
    for place in places:
        own = statuses[place]
        if own not in texts:
            texts[own] = _text([_STATUSES[status] for status in own])
        part = answers.part_of(place)
        name = answers.plan.names[place]
        times = _of_computed(vectors, name) if part is None else parts[part]
        entry = {"values": values[place], "statuses": texts[own], "event_timestamps": times}
        found.append(entry)
    return found


def _of_computed(vectors: FeatureVectors, name: str) -> msgspec.Raw:
    return _text([_time(vector.event_timestamp(name)) for vector in vectors])


def _text(content: Any) -> msgspec.Raw:
    """JSON that is put into an answer as it is."""
    return msgspec.Raw(msgspec.json.encode(content))


def _time(event: datetime | None) -> str:
    """As protobuf writes it: without a fraction, or with three or six digits of it."""
    if event is None:
        return _NO_TIME
    text = event.replace(tzinfo=None).isoformat(timespec="microseconds")
    for zeros in (".000000", "000"):
        if text.endswith(zeros):
            return f"{text.removesuffix(zeros)}Z"
    return f"{text}Z"
