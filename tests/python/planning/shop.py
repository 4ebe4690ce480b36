"""A project as plain data, which random edits change, and which is then declared and built.

Rows tie, expire and are late on purpose: whatever decides between rows shows in the values.
"""

import hashlib
import random
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

from harness.mini import Mini

__all__ = ["EDITS", "ENTITIES", "Shop", "declare", "random_shop"]

ENTITIES: Final = (1, 2, 3, 4)
"""The last has no row."""
_TYPES: Final = ("bigint", "integer", "double precision", "text")
_ROWS: Final = (
    # id, hours before the clock, hours until it was loaded; two rows tie.
    *((1, 1, 0), (1, 30, 0), (2, 5, 0), (2, 5, 0), (2, 5, 0)),
    *((3, 50, 49), (3, 90, 1)),
)
_TTLS: Final = (None, "1 day", "60 hours")
_LAGS: Final = (None, "2 hours", "10 hours")


@dataclass
class Feature:
    """``origin`` decides its values, whatever it is called."""

    name: str
    origin: int
    data_type: str = "bigint"
    default: Any = None
    description: str = ""


@dataclass
class View:
    features: list[Feature]
    salt: int = 0
    online: bool = True
    ttl: str | None = None
    lag: str | None = None
    created: bool = False
    tie_breaker: str | None = None
    description: str = ""


@dataclass
class Part:
    """``features`` None takes all; else origins, so that a renamed feature stays the same."""

    view: str
    features: list[str] | None
    prefix: str = ""


@dataclass
class Shop:
    """``latest`` is of views; the services of a version have the version of their views."""

    views: dict[str, View]
    services: dict[str, list[Part]]
    latest: dict[str, int] = field(default_factory=dict)
    key_type: str = "bigint"
    origins: int = 100

    def fresh(self, rng: random.Random, name: str) -> Feature:
        self.origins += 1
        return Feature(name, self.origins, rng.choice(_TYPES), rng.choice([None, None, 7]))

    def resolved(self, name: str) -> str:
        return f"{name}.v{self.latest[name]}" if name in self.latest else name


def random_shop(rng: random.Random) -> Shop:
    shop = Shop({}, {})
    for name in ("orders", "visits"):
        features = [shop.fresh(rng, f"{name[0]}{place}") for place in range(rng.randint(1, 3))]
        shop.views[name] = View(features, ttl=rng.choice(_TTLS), created=rng.random() < 0.3)
    shop.services["churn"] = [_part(rng, shop, "orders")]
    shop.services["risk"] = [_part(rng, shop, "orders"), _part(rng, shop, "visits", "v_")]
    return shop


def _part(rng: random.Random, shop: Shop, view: str, prefix: str = "") -> Part:
    names = [feature.name for feature in shop.views[shop.resolved(view)].features]
    return Part(view, rng.choice([None, rng.sample(names, rng.randint(1, len(names)))]), prefix)


def declare(mini: Mini, shop: Shop) -> None:
    """Replace what the project declares, and build it."""
    mini.nodes.clear()
    mini.latest = shop.latest | _latest_services(shop)
    for name, view in shop.views.items():
        _declare_view(mini, shop, name, view)
    for name, parts in shop.services.items():
        mini.service(
            name,
            *(
                {"view": part.view, "features": part.features, "prefix": part.prefix}
                for part in parts
            ),
        )


def _latest_services(shop: Shop) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in shop.services:
        base, _, version = name.partition(".v")
        if version:
            found[base] = max(found.get(base, 0), int(version))
    return found


def _declare_view(mini: Mini, shop: Shop, name: str, view: View) -> None:
    columns: dict[str, Any] = {"id": shop.key_type, "ts": "timestamp"}
    if view.created:
        columns["loaded"] = "timestamp"
    for feature in view.features:
        default = _as_type(feature.default, feature.data_type)
        columns[feature.name] = {
            "data_type": feature.data_type,
            "description": feature.description,
            "meta": {} if default is None else {"default": default},
        }
    block: dict[str, Any] = {
        "online": view.online,
        "ttl": view.ttl,
        "availability_lag": view.lag,
        "created_timestamp": "loaded" if view.created else None,
        "tie_breaker": view.tie_breaker,
    }
    query = " union all ".join(_row(shop, view, place, *row) for place, row in enumerate(_ROWS))
    mini.view(
        name,
        columns,
        query,
        checksum=hashlib.sha256(query.encode()).hexdigest(),
        **{key: value for key, value in block.items() if value is not None},
    )
    mini.nodes[f"model.mini.{name}"]["description"] = view.description


def _row(shop: Shop, view: View, place: int, key: int, age: int, late: int) -> str:
    ts = f"timestamp '2026-01-01 12:00' - interval '{age} hours'"
    values = [f"{key}::{shop.key_type} as id", f"{ts} as ts"]
    if view.created:
        values.append(f"{ts} + interval '{late} hours' as loaded")
    for feature in view.features:
        number = random.Random(f"{feature.origin} {view.salt} {place}").randint(1, 9)
        values.append(f"{number}::{feature.data_type} as {feature.name}")
    return f"select {', '.join(values)}"


def _as_type(default: Any, data_type: str) -> Any:
    return str(default) if default is not None and data_type == "text" else default


# Edits. Each changes the shop in place, or leaves it where it does not apply.


def _any_view(rng: random.Random, shop: Shop) -> View:
    return rng.choice([*shop.views.values()])


def add_feature(rng: random.Random, shop: Shop) -> None:
    view = _any_view(rng, shop)
    place = rng.choice([len(view.features), rng.randint(0, len(view.features))])
    view.features.insert(place, shop.fresh(rng, f"new{shop.origins}"))


def remove_feature(rng: random.Random, shop: Shop) -> None:
    view = _any_view(rng, shop)
    if len(view.features) > 1:
        gone = view.features.pop(rng.randrange(len(view.features)))
        if view.tie_breaker == gone.name:
            view.tie_breaker = None
    _repair(shop)


def rename_feature(rng: random.Random, shop: Shop) -> None:
    view = _any_view(rng, shop)
    feature = rng.choice(view.features)
    if view.tie_breaker != feature.name:
        feature.name = f"{feature.name}_x"
    _repair(shop)


def retype_feature(rng: random.Random, shop: Shop) -> None:
    rng.choice(_any_view(rng, shop).features).data_type = rng.choice(_TYPES)


def change_default(rng: random.Random, shop: Shop) -> None:
    feature = rng.choice(_any_view(rng, shop).features)
    feature.default = rng.choice([None, 7, 8])


def reorder_features(rng: random.Random, shop: Shop) -> None:
    rng.shuffle(_any_view(rng, shop).features)


def change_tie_breaker(rng: random.Random, shop: Shop) -> None:
    view = _any_view(rng, shop)
    view.tie_breaker = rng.choice([None, rng.choice(view.features).name])


def change_ttl(rng: random.Random, shop: Shop) -> None:
    _any_view(rng, shop).ttl = rng.choice(_TTLS)


def change_lag(rng: random.Random, shop: Shop) -> None:
    _any_view(rng, shop).lag = rng.choice(_LAGS)


def change_created(rng: random.Random, shop: Shop) -> None:
    view = _any_view(rng, shop)
    view.created = not view.created


def change_sql(rng: random.Random, shop: Shop) -> None:
    _any_view(rng, shop).salt += 1


def toggle_online(rng: random.Random, shop: Shop) -> None:
    view = _any_view(rng, shop)
    view.online = not view.online


def change_descriptions(rng: random.Random, shop: Shop) -> None:
    view = _any_view(rng, shop)
    view.description += "."
    rng.choice(view.features).description += "."


def change_key_type(rng: random.Random, shop: Shop) -> None:
    shop.key_type = rng.choice(["bigint", "integer", "text"])


def remove_view(rng: random.Random, shop: Shop) -> None:
    name = rng.choice([*shop.views])
    if len(shop.views) > 1 and name not in map(shop.resolved, shop.latest):
        del shop.views[name]
    _repair(shop)


def add_version(rng: random.Random, shop: Shop) -> None:
    """Of a view, and perhaps of a service that reads it."""
    name = rng.choice([name for name in shop.views if ".v" not in name] or [""])
    if not name:
        return
    view = shop.views.pop(name)
    shop.views[f"{name}.v1"], shop.views[f"{name}.v2"] = view, deepcopy(view)
    shop.latest[name] = rng.choice([1, 2])
    second = Shop({"it": shop.views[f"{name}.v2"]}, {}, origins=shop.origins)
    rng.choice([add_feature, change_sql, retype_feature, change_ttl])(rng, second)
    shop.origins = second.origins
    for service in [one for one in shop.services if ".v" not in one]:
        parts = shop.services[service]
        if any(part.view == name for part in parts) and rng.random() < 0.6:
            first = deepcopy(parts)
            for part in first:
                part.view = f"{name}.v1" if part.view == name else part.view
            del shop.services[service]
            shop.services[f"{service}.v1"], shop.services[f"{service}.v2"] = first, parts
    _repair(shop)


def move_latest(rng: random.Random, shop: Shop) -> None:
    for name in shop.latest:
        shop.latest[name] = rng.choice([1, 2])
    _repair(shop)


def change_service(rng: random.Random, shop: Shop) -> None:
    if not shop.services:
        return
    name = rng.choice([*shop.services])
    part = rng.choice(shop.services[name])
    features = [one.name for one in shop.views[shop.resolved(part.view)].features]
    if rng.random() < 0.3:
        part.prefix += "p_"
    else:
        part.features = rng.sample(features, rng.randint(1, len(features)))


def remove_service(rng: random.Random, shop: Shop) -> None:
    if len(shop.services) > 1:
        del shop.services[rng.choice([*shop.services])]


def add_service(rng: random.Random, shop: Shop) -> None:
    view = rng.choice([name.partition(".v")[0] for name in shop.views])
    shop.services[f"more{shop.origins}"] = [_part(rng, shop, view)]


def _repair(shop: Shop) -> None:
    """Take what is gone out of services, as a person would have to."""
    for name, parts in [*shop.services.items()]:
        kept = []
        for part in parts:
            view = shop.views.get(shop.resolved(part.view))
            if view is None:
                continue
            known = [feature.name for feature in view.features]
            if part.features is not None:
                part.features = [one for one in part.features if one in known]
            if part.features is None or part.features:
                kept.append(part)
        if kept:
            shop.services[name] = kept
        else:
            del shop.services[name]


EDITS: Final = (
    *(add_feature, remove_feature, rename_feature, retype_feature, change_default),
    *(reorder_features, change_tie_breaker, change_ttl, change_lag, change_created, change_sql),
    *(toggle_online, change_descriptions, change_key_type, remove_view),
    *(add_version, add_version, move_latest, change_service, remove_service, add_service),
)
