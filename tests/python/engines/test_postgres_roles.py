"""PostgreSQL users who may do little: what is missing is said, and no secret with it."""

from collections.abc import Iterator
from types import SimpleNamespace

import pyarrow as pa
import pytest

from feature_warehouse.engines.postgres import PostgresWarehouse
from feature_warehouse.errors import UnreachableError, UsageError
from feature_warehouse.util.secrets_in_text import masked
from harness.engines import execute
from harness.support import credentials_of
from local_postgres import Postgres

LABELS = pa.table({"id": pa.array([1, 2], pa.int64())})


@pytest.fixture
def reader(postgres: Postgres) -> Iterator[SimpleNamespace]:
    """A user of the database `limited` who may make no temporary tables, with the password x."""
    execute(
        postgres.uri,
        "create database limited",
        "revoke temporary on database limited from public",
        "create role reader_x login password 'x'",
    )
    try:
        credentials = credentials_of(postgres)
        credentials.user, credentials.password = "reader_x", "x"
        credentials.database = "limited"
        yield credentials
    finally:
        execute(postgres.uri, "drop database limited with (force)", "drop role reader_x")


def test_labels_without_the_right_to_temporary_tables(
    postgres: Postgres, reader: SimpleNamespace
) -> None:
    missing = "'reader_x' may not create: grant temporary on database limited to it"
    with PostgresWarehouse(reader) as warehouse:
        with pytest.raises(UsageError, match=missing) as caught:
            warehouse.load("labels", LABELS)
        assert "\n" not in str(caught.value)
        with warehouse.rows("select 1::bigint as x", "a row") as rows:
            assert rows.read_all().to_pylist() == [{"x": 1}]
    execute(postgres.uri, "grant temporary on database limited to reader_x")
    with PostgresWarehouse(reader) as warehouse:
        warehouse.load("labels", LABELS)
        with warehouse.rows("select sum(id)::bigint as total from labels", "labels") as rows:
            assert rows.read_all().to_pylist() == [{"total": 3}]


def test_a_statement_timeout_is_called_so(postgres: Postgres, reader: SimpleNamespace) -> None:
    execute(postgres.uri, "alter role reader_x set statement_timeout = '300ms'")
    slow = "select count(*) from generate_series(1, 1000000000)"
    with (
        PostgresWarehouse(reader) as warehouse,
        pytest.raises(UsageError, match=r"a row cannot be read: .*statement timeout"),
        warehouse.rows(slow, "a row") as rows,
    ):
        rows.read_all()
    execute(postgres.uri, "alter role reader_x set statement_timeout = '1ms'")
    said = ""
    try:
        PostgresWarehouse(reader).close()  # a fast server may be done within a millisecond
    except UnreachableError as error:
        said = str(error)
    assert said == "" or "raise statement_timeout for 'reader_x'" in said
    assert "refused the connection" not in said


def test_a_login_that_fails_names_user_and_reason(reader: SimpleNamespace) -> None:
    reader.password = "e"
    with pytest.raises(UnreachableError, match="refused the connection") as caught:
        PostgresWarehouse(reader)
    assert 'password authentication failed for user "reader_x"' in str(caught.value)


@pytest.mark.parametrize(
    ("text", "secret", "expected"),
    [
        ("user x failed at text x/x", "x", "user *** failed at text ***/***"),
        ("a text", "e", "a text"),
        ("postgresql://u:hunter2@h/db", "hunter2", "postgresql://u:***@h/db"),
        ("u:p%40ss%2F@h and p@ss/", "p@ss/", "u:***@h and ***"),
        ("password 'a b' is wrong", "a b", "password '***' is wrong"),
        ("(.*)", ".*", "(***)"),
        ("nothing", "", "nothing"),
        ("nothing", None, "nothing"),
    ],
)
def test_passwords_are_masked_where_they_stand_for_themselves(
    text: str, secret: str | None, expected: str
) -> None:
    assert masked(text, secret) == expected
