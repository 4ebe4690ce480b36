"""What of a service is compared, by its declaration and the columns of its log."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from feature_warehouse.declarations.model import OnDemandFeature, RequestColumn
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.errors import UsageError
from feature_warehouse.on_demand.expressions import Node
from feature_warehouse.skew.log_table import LogTable, log_table
from harness.mini import Columns, Mini

PII: dict[str, Any] = {"data_type": "text", "meta": {"pii": True}}
PLACE = SimpleNamespace(database="mini", schema="main")


class Warehouse:
    """One that has a table with these columns, whatever it is asked."""

    def __init__(self, types: Mapping[str, str]) -> None:
        self._types = types

    @contextmanager
    def rows(self, *_: Any) -> Iterator[pa.RecordBatchReader]:
        columns = {"name": list(self._types), "type": list(self._types.values())}
        table = pa.table(columns, schema=pa.schema([("name", pa.string()), ("type", pa.string())]))
        yield table.to_reader()


def logged(views: Sequence[str], own: Mapping[str, str]) -> dict[str, str]:
    """The columns of a log; features have the names of ours."""
    names = ("read_id", "position", "request_id", "requested_at", "clock", "fingerprint", "tag")
    types = {f"{name}_" if name in own else name: "text" for name in names}
    roles = ("status", "event_timestamp", "created_timestamp", "run", "generation")
    return {**types, **own, **{f"{view}_{role}": "text" for view in views for role in roles}}


def table(mini: Mini, types: Mapping[str, str], *parts: dict[str, Any]) -> LogTable:
    mini.service("risk", *parts)
    [service] = read_registry(mini.write(), mini.folder).services.values()
    warehouse: Any = Warehouse(types)
    return log_table(service, warehouse, PLACE)


def view(mini: Mini, name: str, features: Columns, **block: Any) -> None:
    mini.view(name, {"id": "bigint", "ts": "timestamp", **features}, **block)


def test_columns_of_ours_and_features_of_their_names(mini: Mini) -> None:
    view(mini, "scores", {"clock": "text", "fw_score": "text"})
    own = {"id": "bigint", "clock": "text", "fw_score": "text"}
    found = table(mini, logged(["scores"], own), {"view": "scores"})
    assert found.columns["clock"] == "clock_"
    assert found.columns["position"] == "position"
    assert found.served == ["clock", "fw_score"]
    assert found.keys == ("id",)
    assert not any(name.startswith(found.prefix) for name in own)


@pytest.mark.parametrize(
    ("features", "logged_as", "own"),
    [
        ({"clock_": "text"}, ["clock", "clock_"], "clock"),
        ({"clock": "text", "clock_": "text"}, ["clock", "clock_", "clock__"], "clock__"),
        ({"Clock": "text"}, ["Clock", "clock_"], "clock_"),
        # Personal data is left out, or hashed.
        ({"clock": PII}, ["clock"], "clock"),
        ({"clock": PII}, ["clock", "clock_"], "clock_"),
        ({"clock": PII, "clock_": "text"}, ["clock", "clock_"], "clock"),
    ],
)
def test_a_column_of_ours_beside_features_of_such_names(
    mini: Mini, features: Columns, logged_as: list[str], own: str
) -> None:
    view(mini, "scores", features)
    types = logged(["scores"], {"id": "bigint"})
    del types["clock"]
    found = table(mini, {**types, **dict.fromkeys(logged_as, "text")}, {"view": "scores"})
    assert found.columns["clock"] == own


def test_columns_of_which_one_was_a_feature(mini: Mini) -> None:
    view(mini, "scores", {"score": "text"})
    types = logged(["scores"], {"id": "bigint", "tag_": "text", "clock_": "text"})
    with pytest.raises(UsageError, match=r"requests_risk has the columns clock, clock_, and one"):
        table(mini, {**types, "clock": "text"}, {"view": "scores"})


def test_personal_data_is_not_judged(mini: Mini) -> None:
    view(mini, "scores", {"email": PII, "score": "text"})
    secret: Columns = {"email": PII, "ts": "timestamp", "grade": "text"}
    mini.view("grades", secret, join_keys=["email"])
    types = logged(["scores", "grades"], {"id": "bigint", "email": "text", "score": "text"})
    found = table(mini, types, {"view": "scores", "prefix": ""}, {"view": "grades"})
    assert found.served == ["score"]
    assert [part.declared.view.name for part in found.parts] == ["scores"]
    assert "personal data" in found.reasons["email"]
    assert found.reasons["grade"].startswith("its key email is personal data")


def test_what_a_request_gives_that_is_personal_data(mini: Mini) -> None:
    """Its hash in the log is no number, so it is not read."""
    view(mini, "scores", {"score": "text"})
    mini.service("risk", {"view": "scores"})
    [service] = read_registry(mini.write(), mini.folder).services.values()
    request = tuple(RequestColumn(name, "bigint", "integer") for name in ("amount", "limit"))
    service = msgspec.structs.replace(service, request=request, pii=("amount",))
    types = logged(["scores"], {"id": "bigint", "score": "text", "amount": "text"})
    warehouse: Any = Warehouse({**types, "limit": "bigint"})
    assert log_table(service, warehouse, PLACE).keys == ("id", "limit")


def test_which_join_of_a_view_a_feature_reads(mini: Mini) -> None:
    """Directly, and by way of another on-demand feature."""
    view(mini, "scores", {"score": "text"})
    other = {"view": "scores", "join_keys": {"id": "friend"}, "prefix": "friend_"}
    mini.service("risk", {"view": "scores"}, other)
    [service] = read_registry(mini.write(), mini.folder).services.values()
    friend = Node("name", "text", value="friend_score")
    features = (
        OnDemandFeature("of_friend", "", "", friend),
        OnDemandFeature(
            "of_both",
            "",
            "",
            Node(
                "concat",
                "text",
                (
                    Node("name", "text", value="of_friend"),
                    Node("name", "text", value="score"),
                ),
            ),
        ),
    )
    service = msgspec.structs.replace(service, on_demand=features)
    own = dict.fromkeys(("id", "friend", "score", "of_friend", "of_both"), "text")
    warehouse: Any = Warehouse(logged(["scores", "scores_2"], own))
    found = log_table(service, warehouse, PLACE)
    assert found.inputs == {
        "of_friend": {"friend_score": 1},
        "of_both": {"friend_score": 1, "score": 0},
    }
    assert found.on_demand == features
    # A log that has no rows of the second one.
    warehouse = Warehouse(logged(["scores"], own))
    found = log_table(service, warehouse, PLACE)
    assert found.on_demand == ()
    assert found.reasons["of_both"] == "it is computed from what is not in the log"


def test_what_the_log_does_not_have(mini: Mini) -> None:
    view(mini, "scores", {"score": "text", "tree": "text", "new": "text"})
    types = logged(["scores"], {"id": "bigint", "score": "text", "tree": "jsonb"})
    found = table(mini, types, {"view": "scores"})
    assert found.served == ["score"]
    assert "JSON" in found.reasons["tree"]
    assert found.reasons["new"] == "the log has no column of it"
    with pytest.raises(UsageError, match="drain --create"):
        table(mini, {}, {"view": "scores"})
