"""A type has one name for all its spellings: in macros, in Python, and so in fingerprints."""

from pathlib import Path

import pytest

from conftest import ServerOf
from feature_warehouse.declarations.key_types import type_name
from feature_warehouse.declarations.registry import read_registry
from harness.engines import ENGINES
from harness.host import Host, macro_call, write_host
from harness.mini import Mini

COMMON = {
    "bigint": ("int8", "BIGINT"),
    "integer": ("int", "int4"),
    "smallint": ("int2",),
    "text": ("varchar", "character  varying(10)", "Text", "varchar(3)"),
    "boolean": ("bool",),
    "double precision": ("float8", "Double  Precision"),
    "real": ("float4",),
    "numeric(10,2)": ("decimal(10, 2)", "dec ( 10,2 )"),
    "numeric(10,0)": ("numeric(10)",),
    "timestamp": ("timestamp without time zone", "timestamp(3)"),
    "timestamptz": ("timestamp with time zone", "timestamp(3) with time zone"),
    "time": ("time without time zone",),
    "bigint[]": ("int8[]", "int8 []"),
    "text[][]": ("varchar(3)[][]",),
    "numeric(4,1)[]": ("decimal(4,1)[]",),
    "bytea": (),
    "date": (),
    "citext": (),
    "uuid": (),
}
OWN = {
    "duckdb": {
        "real": ("float",),
        "bytea": ("blob", "varbinary"),
        "text": ("char(4)", "string"),
        "numeric(18,3)": ("decimal", "numeric", "dec"),
        "numeric(18,3)[3]": ("decimal[3]",),
        "ubigint": ("uint64",),
    },
    "postgres": {
        "double precision": ("float",),
        "char": ("char(4)", "bpchar"),
        "numeric": ("decimal", "dec"),
        "numeric[]": ("decimal[]",),
    },
}


def _cases(engine: str) -> list[tuple[str, str]]:
    return [
        (spelling, name)
        for names in (COMMON, OWN[engine])
        for name, others in names.items()
        for spelling in (name, *others)
    ]


@pytest.mark.parametrize("engine", ENGINES)
def test_spellings_of_a_type_are_one_type(tmp_path: Path, engine: str, server_of: ServerOf) -> None:
    cases = _cases(engine)
    lines = [f"-- {macro_call(f'_type_name({spelling!r})')}" for spelling, _ in cases]
    models = {"names": "\n".join(["select 1 as one", *lines])}
    host = Host(write_host(tmp_path / "types", models, []), engine, server_of(engine))
    host.dbt("compile")
    said = [line[3:] for line in host.compiled("names").splitlines() if line.startswith("--")]
    assert dict(zip(cases, said, strict=True)) == {case: case[1] for case in cases}
    noted = read_registry(host.target / "manifest.json", host.project).written_for
    assert {case: type_name(case[0], noted) for case in cases} == {case: case[1] for case in cases}


def test_a_new_spelling_leaves_the_fingerprint_and_a_new_type_does_not(tmp_path: Path) -> None:
    found = []
    for place, types in enumerate([("bigint", "text"), ("INT8", "varchar(9)"), ("bigint", "date")]):
        mini = Mini(tmp_path / str(place))
        mini.view("spend", dict(zip(("id", "v", "ts"), (*types, "timestamp"), strict=True)))
        mini.service("churn", {"view": "spend"})
        registry = read_registry(mini.write(), mini.folder)
        found.append(registry.services["churn"].fingerprint)
    assert found[0] == found[1] != found[2]
