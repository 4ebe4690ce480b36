"""Whatever changes a fingerprint is told, in what is computed when asked as well."""

from typing import Any

import msgspec
import pytest

from feature_warehouse.declarations.model import OnDemandFeature, RequestColumn, Service
from feature_warehouse.on_demand.expressions import Node
from feature_warehouse.planning.services import service_details

AMOUNT = Node("name", "double", value="amount")
SERVICE = Service(
    name="payments",
    training_set="payments",
    labels="labels",
    parts=(),
    on_demand=(
        OnDemandFeature("same", "amount", "amount", AMOUNT),
        OnDemandFeature(
            "root", "sqrt( amount )", "sqrt(amount)", Node("sqrt", "double", (AMOUNT,))
        ),
    ),
    hidden=("deviation",),
    request=(RequestColumn("amount", "double precision", "double precision"),),
)
CHANGES: dict[str, dict[str, Any]] = {
    "root: sqrt(amount) (double) -> amount (double)": {
        "on_demand": (
            SERVICE.on_demand[0],
            OnDemandFeature("root", "amount", "amount", AMOUNT),
        )
    },
    "root is gone": {"on_demand": SERVICE.on_demand[:1]},
    "request column amount: double precision -> real": {
        "request": (RequestColumn("amount", "real", "real"),)
    },
    "hidden deviation is gone": {"hidden": ()},
    "order of features: same, root, request column amount, hidden deviation"
    " -> root, same, request column amount, hidden deviation": {
        "on_demand": SERVICE.on_demand[::-1]
    },
}


@pytest.mark.parametrize("text", CHANGES)
def test_a_change_of_what_is_computed_when_asked_is_told(text: str) -> None:
    changed = msgspec.structs.replace(SERVICE, **CHANGES[text])
    assert changed.fingerprint != SERVICE.fingerprint
    [detail] = service_details(SERVICE, changed)
    assert detail.text == text


def test_other_blanks_change_nothing() -> None:
    again = msgspec.structs.replace(SERVICE.on_demand[1], declared="sqrt(amount)")
    changed = msgspec.structs.replace(SERVICE, on_demand=(SERVICE.on_demand[0], again))
    assert changed.fingerprint == SERVICE.fingerprint
    assert not service_details(SERVICE, changed)
