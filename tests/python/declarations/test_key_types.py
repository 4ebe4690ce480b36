"""Keys meet labels of a type that holds the same values; others are refused, and none doubles."""

from typing import Any, NamedTuple

import pytest

from conftest import ServerOf
from feature_warehouse.declarations.key_types import types_agree
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.errors import UsageError
from harness.engines import ENGINES, literal
from harness.host import Host, macro_call, write_host
from harness.mini import Mini, spellings
from harness.support import IS_DBT_2

Value = int | str | None


class Pair(NamedTuple):
    """Types of a view's key and of a label column, on the engines where both are known."""

    key: str
    label: str
    engine: str = ""

    @property
    def name(self) -> str:
        letters = [letter if letter.isalnum() else "_" for letter in f"{self.key} {self.label}"]
        return "".join(letters)


ALIKE = (
    Pair("bigint", "integer"),
    Pair("smallint", "int8"),
    Pair("bigint", "decimal(18,0)"),
    Pair("numeric(22)", "bigint"),
    Pair("integer", "decimal(9, 0)"),
    Pair("bigint", "numeric(12)"),
    Pair("text", "varchar(3)"),
    Pair("character varying(5)", "text"),
    Pair("uuid", "uuid"),
    Pair("char(4)", "character(4)", "duckdb"),
    Pair("char(4)", "varchar", "duckdb"),
    Pair("enum('1', '02')", "text", "duckdb"),
    Pair("ubigint", "utinyint", "duckdb"),
    Pair("hugeint", "bigint", "duckdb"),
)
UNLIKE = (
    Pair("bigint", "text"),
    Pair("text", "bigint"),
    Pair("uuid", "text"),
    Pair("boolean", "integer"),
    Pair("bigint", "double precision"),
    Pair("double precision", "bigint"),
    Pair("bigint", "decimal(18,2)"),
    Pair("date", "timestamp"),
    Pair("timestamp", "timestamptz"),
    Pair("text", "char(4)", "postgres"),
    Pair("ubigint", "bigint", "duckdb"),
)
NUMBERS: tuple[list[Value], list[Value]] = ([1, 2, 2], [1, 3, None, 2, 1])
TEXTS: tuple[list[Value], list[Value]] = (["1", "02", "02"], ["1", "2", None, "02", "1"])
# Of a generator no type checker knows that it gives two.
UUIDS: tuple[list[Value], list[Value]] = tuple(  # type: ignore[assignment]
    [value and f"00000000-0000-0000-0000-00000000000{value}" for value in side] for side in NUMBERS
)
BIG = 2**53
DOUBLING: dict[str, dict[str, tuple[str, str, list[Value], list[Value]]]] = {
    "duckdb": {
        "as_numbers": ("text", "integer", ["2", "02"], [2, 2, 3]),
        "as_doubles": ("double precision", "bigint", [BIG], [BIG, BIG + 1, BIG]),
        "of_labels": ("integer", "text", [2], ["2", "02", " 2", "2"]),
    },
    "postgres": {
        "as_padded": ("char(4)", "text", ["a"], ["a", "a   ", "a", "b"]),
        "as_doubles": ("double precision", "bigint", [BIG], [BIG, BIG + 1, BIG]),
    },
}
"""Types of key and label, keys and labels: what a join without declarations may be given."""


def pairs(engine: str, chosen: tuple[Pair, ...]) -> list[Pair]:
    """A column of DuckDB's enum in a contract stops dbt 2 itself."""
    known = [pair for pair in chosen if pair.engine in ("", engine)]
    return [pair for pair in known if not (IS_DBT_2 and pair.key.startswith("enum"))]


def values(kind: str) -> tuple[list[Value], list[Value]]:
    """Keys of a view and of labels."""
    if "uuid" in kind:
        return UUIDS
    return TEXTS if any(word in kind for word in ("char", "text", "enum")) else NUMBERS


class Built(NamedTuple):
    """What dbt said of each model, and the rows of those that it built."""

    engine: str
    messages: dict[str, str]
    rows: dict[str, list[tuple[Any, ...]]]


def _models(engine: str) -> tuple[dict[str, str], list[dict[str, Any]]]:
    models: dict[str, str] = {}
    properties: list[dict[str, Any]] = []
    for pair in pairs(engine, ALIKE + UNLIKE):
        unlike = pair in UNLIKE
        keys, asked = values(pair.key)
        models[f"v_{pair.name}"] = _view(pair.key, [] if unlike else keys)
        properties.append(
            _typed(f"v_{pair.name}", {"k": pair.key, "ts": "timestamp", "v": "integer"})
        )
        properties[-1]["config"]["meta"] = {
            "feature_view": {"join_keys": ["k"], "event_timestamp": "ts"}
        }
        for kind in ("typed", "free"):
            labels = f"{kind}_{pair.name}"
            models[labels] = _labels(pair.label, [] if unlike else asked)
            columns = {"n": "integer", "k": pair.label, "at": "timestamp"}
            block = {"config": {"meta": {"label_set": {"timestamp": "at"}}}}
            typed = _typed(labels, columns)
            typed["config"] |= block["config"]
            properties.append(typed if kind == "typed" else {"name": labels, **block})
            models[f"{kind}_set_{pair.name}"] = _table(
                macro_call(f"training_set(labels={labels!r}, features=[{'v_' + pair.name!r}])")
            )
    for name, (key, label, keys, asked) in DOUBLING[engine].items():
        models[f"keys_{name}"] = _view(key, keys)
        models[f"labels_{name}"] = _labels(label, asked)
        for stored in (True, False):
            view = (
                f"{{'name': 'view', 'relation': ref('keys_{name}'), 'join_keys': ['k'],"
                f" 'event_timestamp': 'ts', 'features': ['v'], 'stored': {stored}}}"
            )
            models[f"joined_{name}_{stored}".lower()] = _table(
                macro_call(f"point_in_time_join(ref('labels_{name}'), 'at', [{view}])")
            )
    return models, properties


def _view(kind: str, keys: list[Value]) -> str:
    """A row for each key, a day later than the one before."""
    return _rows(
        [
            f"cast({literal(key)} as {kind}) as k,"
            f" timestamp '2024-01-0{n}' as ts, cast({n} as integer) as v"
            for n, key in enumerate(keys or [None], 1)
        ]
    )


def _labels(kind: str, keys: list[Value]) -> str:
    return _rows(
        [
            f"cast({n} as integer) as n, cast({literal(key)} as {kind}) as k,"
            " timestamp '2024-02-01' as at"
            for n, key in enumerate(keys or [None], 1)
        ]
    ).replace(" as at", ' as "at"')


def _rows(rows: list[str]) -> str:
    return _table("\nunion all ".join(f"select {row}" for row in rows))


def _table(query: str) -> str:
    return "{{ config(materialized='table') }}\n" + query


def _typed(name: str, columns: dict[str, str]) -> dict[str, Any]:
    return {
        "name": name,
        "config": {"contract": {"enforced": True}},
        "columns": [
            {"name": column, "data_type": kind, "quote": True} for column, kind in columns.items()
        ],
    }


@pytest.fixture(scope="module", params=ENGINES)
def built(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, server_of: ServerOf
) -> Built:
    engine: str = request.param
    project = write_host(tmp_path_factory.mktemp("hosts") / f"keys_on_{engine}", *_models(engine))
    host = Host(project, engine, server_of(engine))
    host.dbt("run", code=1)
    said = host.results()
    messages = {
        name: result["message"] for name, result in said.items() if result["status"] == "error"
    }
    with host.open() as session:
        rows = {
            name: session.ask(f"select n, v from {name} order by n, v")
            for name in said
            if name.startswith(("typed_set", "free_set", "joined")) and name not in messages
        }
    return Built(engine, messages, rows)


@pytest.mark.parametrize("kind", ["typed", "free"])
def test_keys_of_types_that_hold_the_same_values_meet(built: Built, kind: str) -> None:
    for pair in pairs(built.engine, ALIKE):
        keys, asked = values(pair.key)
        newest = {key: n for n, key in enumerate(keys, 1)}
        expected = [(n, newest.get(key)) for n, key in enumerate(asked, 1)]
        assert built.rows.get(f"{kind}_set_{pair.name}") == expected, pair


@pytest.mark.parametrize("kind", ["typed", "free"])
def test_keys_of_other_types_are_a_mistake(built: Built, kind: str) -> None:
    """Where a label set has no contract, its types are those of the table that was built."""
    refused = {name for name in built.messages if name.startswith(f"{kind}_set")}
    assert refused == {f"{kind}_set_{pair.name}" for pair in pairs(built.engine, UNLIKE)}
    for pair in pairs(built.engine, UNLIKE):
        message = built.messages[f"{kind}_set_{pair.name}"]
        assert f"join key 'v_{pair.name}.k' is of type {pair.key} and label column" in message
        assert f"'{kind}_{pair.name}.k' of type " in message
        assert "cast one of them in its model" in message


def test_no_types_double_a_label(built: Built) -> None:
    """Of a join that nobody has declared, whatever its `=` takes for equal."""
    for name, (_, _, _, asked) in DOUBLING[built.engine].items():
        for stored in ("true", "false"):
            found = built.rows[f"joined_{name}_{stored}"]
            assert [n for n, _ in found] == list(range(1, len(asked) + 1)), (name, stored)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_registry_says_the_same_of_types(engine: str) -> None:
    names = spellings(engine)
    for pair in pairs(engine, ALIKE):
        assert types_agree(pair.key, pair.label, names), pair
        assert types_agree(pair.label, pair.key, names), pair
    for pair in pairs(engine, UNLIKE):
        assert not types_agree(pair.key, pair.label, names), pair
        assert not types_agree(pair.label, pair.key, names), pair


def test_the_registry_refuses_views_of_one_service_whose_keys_differ(mini: Mini) -> None:
    """`dbt parse` looks at no type; no value of a key would do for both of them."""
    mini.view("a", {"id": "bigint", "ts": "timestamp", "x": "integer"})
    mini.view("b", {"id": "text", "ts": "timestamp", "y": "integer"})
    mini.view("c", {"id": "smallint", "ts": "timestamp", "z": "integer"})
    mini.service("fits", {"view": "a"}, {"view": "c"})
    mini.service("apart", {"view": "a"}, {"view": "b", "join_keys": {"id": "other"}})
    assert set(read_registry(mini.write()).services) == {"fits", "apart"}
    mini.service("clash", {"view": "a"}, {"view": "c"}, {"view": "b"})
    with pytest.raises(UsageError) as error:
        read_registry(mini.write())
    assert str(error.value) == (
        "training set 'clash_training': label column 'id' meets join key 'a.id' of type bigint and"
        " 'b.id' of type text, which do not hold the same values; cast one of them in its model"
    )


@pytest.mark.parametrize(
    ("kind", "adapters"),
    [
        ("citext", ENGINES),
        ("varchar collate nocase", ENGINES),
        ("char(4)", ("postgres",)),
        ("national character (5)", ("postgres",)),
        ("bpchar", ("postgres",)),
        ("varchar(4)", ()),
    ],
)
def test_a_key_is_of_a_type_that_readers_compare_as_joins_do(
    mini: Mini, kind: str, adapters: tuple[str, ...]
) -> None:
    mini.view("a", {"id": kind, "ts": "timestamp", "x": "integer"})
    for mini.adapter in ENGINES:
        file = mini.write()
        if mini.adapter in adapters:
            with pytest.raises(UsageError, match=r"join key 'id' is of type .* cast it to text"):
                read_registry(file)
        else:
            assert list(read_registry(file).views) == ["a"]
