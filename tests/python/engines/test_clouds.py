"""What dbt 2 compiles for warehouses that nobody here can reach: compiled, never run.

The files in ``compiled`` were read by a person. Whoever changes one by a change of a macro reads it
again, and copies what dbt has compiled, which the test names.
"""

import math
import re
import struct
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engines.clouds import MODELS, TARGETS, compile_cloud, write_cloud
from harness.support import run

pytestmark = pytest.mark.dbt_2

READ = Path(__file__).parent / "compiled"


@pytest.fixture(scope="module", params=TARGETS)
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def compiled(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the models that dbt has compiled."""
    project = write_cloud(tmp_path_factory.mktemp(engine), engine)
    compile_cloud(project)
    return project / "target" / "compiled" / "shop" / "models"


@pytest.mark.parametrize("model", MODELS)
def test_the_sql_is_what_a_person_has_read(engine: str, compiled: Path, model: str) -> None:
    found = compiled / f"{model}.sql"
    read = READ / engine / f"{model}.sql"
    assert found.read_text().strip() == read.read_text().strip(), f"{found} is not {read}"


@pytest.mark.long
def test_the_sql_is_of_the_engines_grammar(engine: str) -> None:
    result = run("sqlfluff", "parse", "--templater", "raw", "--dialect", engine, READ / engine)
    assert result.returncode == 0, result.stdout


UNKNOWN = {
    # Of NULL and something else these make NULL, and rows without a load time would be lost.
    "snowflake": r"\b(greatest|least|concat_ws)\(|\bwindow\b|`|at time zone|\"?\bstart\b",
    "databricks": r"\"|at time zone|reflect\(|asof",
}
"""What an engine does not know, or takes for something else."""

OWN = {
    "snowflake": [
        "asof join orders",
        "match_condition (",
        '"START"',
        "_ignore_nulls(",
        "sysdate()",
    ],
    "databricks": ["`main`.`shop`.`orders`", "max(known_row) over (", "named_struct(", " start,"],
}


def test_the_sql_has_no_word_of_another_engine(engine: str, compiled: Path) -> None:
    text = "\n".join((compiled / f"{model}.sql").read_text() for model in MODELS)
    assert re.findall(UNKNOWN[engine], text) == []
    assert [word for word in OWN[engine] if word not in text] == []


SESSIONS = {
    "snowflake": "TIMESTAMP of target dev is TIMESTAMP_LTZ, whose instants would be others; set"
    " TIMESTAMP_TYPE_MAPPING to TIMESTAMP_NTZ",
    "databricks": "the time zone of target dev is America/New_York, in which its instants would be"
    " others; set spark.sql.session.timeZone to UTC",
}


def test_a_session_of_other_instants_is_refused(engine: str, compiled: Path) -> None:
    assert f"'{SESSIONS[engine]}'" in (compiled / "session.sql").read_text()


def test_a_card_is_not_null_where_a_value_is(engine: str, compiled: Path) -> None:
    text = (compiled / "card.sql").read_text()
    skips_null = {"snowflake": "array_construct_compact(", "databricks": "concat_ws("}
    assert [word in text for word in skips_null.values()] == [name == engine for name in skips_null]


def doubles() -> list[float]:
    least, most = 2.2250738585072014e-308, 1.7976931348623157e308
    numbers = [0.0, -0.0, 1.0, -1.0, 0.1, -math.pi, math.inf, -math.inf, 5e-324, -5e-324]
    numbers += [least, math.nextafter(least, 0), most, -most, 1 / 3]
    for exponent in range(-1021, 1023, 3):
        for number in (2.0**exponent, math.nextafter(2.0**exponent, 0)):
            numbers += [number, -number * 1.5]
    return numbers


def computed(sql: str, numbers: list[float | None]) -> list[Any]:
    """What DuckDB makes of doubles, whose arithmetic is that of these engines."""
    sql = re.sub(r"number\(38, 0\)|decimal\(20, 0\)", "hugeint", sql)
    with closing(duckdb.connect()) as connection:
        connection.execute("create table numbers (number double)")
        connection.executemany("insert into numbers values (?)", [[one] for one in numbers])
        return [row[0] for row in connection.execute(sql).fetchall()]


def bits(number: float) -> int:
    found: int = struct.unpack("<q", struct.pack("<d", number))[0]
    return found


def test_a_number_is_told_by_its_bits(compiled: Path) -> None:
    sql = (compiled / "bits.sql").read_text()
    assert computed(sql, [*doubles()]) == [str(bits(number)) for number in doubles()]
    assert computed(sql, [math.nan, None]) == ["NaN", None]


def test_a_number_is_what_is_read_from_its_text(compiled: Path) -> None:
    """As `first` and `last` keep a double on Snowflake."""
    sql = (compiled / "again.sql").read_text()
    assert [bits(one) for one in computed(sql, [*doubles()])] == [*map(bits, doubles())]
    assert [str(one) for one in computed(sql, [math.nan, None])] == ["nan", "None"]


@pytest.fixture(scope="module")
def refused(engine: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What dbt says of a project that asks for what nobody has tried."""
    models = {
        "growing": "{{ config(materialized='incremental', meta={'feature_view': {"
        "'join_keys': ['customer_id'], 'event_timestamp': 'ordered_at'}}) }}"
        " select * from {{ ref('orders') }}"
    }
    return compile_cloud(write_cloud(tmp_path_factory.mktemp(engine), engine, models), code=1)


def test_what_was_never_tried_is_refused_by_name(engine: str, refused: str) -> None:
    said = f"growing: it is incremental, which on {engine} nobody has tried; make it a table"
    assert said in refused
