"""What `verify` finds of services with on-demand features, and of what readers are told."""

import json
from typing import Any

import msgspec
import pytest

from feature_warehouse import DamagedError, OnlineStore
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.engines import open_warehouse
from feature_warehouse.engines.profile import load_profile
from feature_warehouse.publishing.materialize import Materialization
from feature_warehouse.publishing.run_plan import Clock
from feature_warehouse.publishing.verify import Verification, verify
from feature_warehouse.redis_store import layout
from harness.host import Built
from harness.support import run
from on_demand.known import ODD_ANSWERS, VERSIONS
from on_demand.payments import PAID_AT, PAYMENTS


class Published:
    """All of the project in Redis."""

    def __init__(self, known: Built, client: Any) -> None:
        self.client = client
        self.registry = read_registry(known.target / "manifest.json")
        self.names = layout.Names(self.registry.project, "dev")
        self._profile = load_profile(known.project, known.project, known.engine)
        self.run()

    def run(self) -> None:
        work = Materialization(
            self.registry, self.client, environment="dev", clock=Clock.at(PAID_AT)
        )
        with open_warehouse(self._profile) as warehouse:
            assert {result.message for result in work.views(warehouse, lambda *_: None)} == {""}
            assert {result.message for result in work.services(warehouse)} == {""}

    def verified(self) -> dict[str, Verification]:
        """What `verify` says of each service."""
        with open_warehouse(self._profile) as warehouse:
            found = list(verify(self.registry, self.client, self.names, warehouse))
        assert {one.status for one in found if one.view} == {"success"}
        of_services = {one.service: one for one in found if one.service}
        assert of_services.keys() == self.registry.services.keys()
        return of_services

    def description(self, service: str) -> str:
        """The key of what readers are told of a service."""
        key = self.names.pointer(service)
        pointer = layout.read_pointer(self.client.get(key), key)
        return self.names.description(service, str(pointer.version))


@pytest.fixture
def published(known: Built, client: Any, monkeypatch: pytest.MonkeyPatch) -> Published:
    known.enter(monkeypatch)
    return Published(known, client)


def test_what_readers_are_told_is_what_is_declared(published: Published) -> None:
    found = published.verified()
    assert {one.status for one in found.values()} == {"success"}
    assert {one.exit_code for one in found.values()} == {0}


def other_number(key: str, text: bytes) -> bytes:
    """Whole, and of the same fingerprint, with another expression: twice 3 for twice 2."""
    service = layout.read_service(text, key)
    changed = msgspec.json.encode(service).replace(b'[],"2"]', b'[],"3"]')
    return layout.sealed(msgspec.json.decode(changed, type=layout.Service), key)


def unhidden(key: str, text: bytes) -> bytes:
    service = layout.read_service(text, key)
    return layout.sealed(msgspec.structs.replace(service, hidden=()), key)


def cut(_key: str, text: bytes) -> bytes:
    return text.replace(b"amount_avg", b"amount_max", 1)


DAMAGES = {
    "expression": (other_number, "value", "the expression of 'known' is not the declared one; run"),
    "hidden": (unhidden, "value", "it is not described as declared; run `feature-warehouse mat"),
    "bytes": (cut, "damaged", "its description is damaged; run `feature-warehouse materialize`"),
    "gone": (None, "missing", "its description is missing; run `feature-warehouse materialize`"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_another_expression_in_redis_is_found_and_repaired(
    published: Published, redis_url: str, name: str
) -> None:
    damage, kind, says = DAMAGES[name]
    client = published.client
    key = published.description("payment_odd")
    text = client.get(key)
    if damage is None:
        client.delete(key)
    else:
        assert damage(key, text) != text
        client.set(key, damage(key, text))
    store = OnlineStore.from_url(redis_url, project=published.names.project, environment="dev")
    entity = {"customer_id": 1, "amount": 30.0}
    if name == "expression":
        # A reader cannot know.
        assert store.get("payment_odd", entity, at=PAID_AT)["known"] == 9.0
    elif name == "bytes":
        with pytest.raises(DamagedError):
            store.get("payment_odd", entity, at=PAID_AT)
    found = published.verified()
    wrong = found.pop("payment_odd")
    assert {one.status for one in found.values()} == {"success"}
    assert (wrong.status, wrong.exit_code, wrong.differences) == ("difference", 1, {kind: 1})
    assert wrong.examples == {kind: [key]}
    assert wrong.message.startswith(says)
    published.run()
    assert published.verified()["payment_odd"].status == "success"
    assert client.get(key) == text
    again = OnlineStore.from_url(redis_url, project=published.names.project, environment="dev")
    assert again.get("payment_odd", entity, at=PAID_AT).to_tuple() == ODD_ANSWERS[0]


def test_a_service_that_is_served_otherwise_than_declared_is_told(published: Published) -> None:
    services = published.registry.services
    service = services["payment_odd"]
    services["payment_odd"] = msgspec.structs.replace(service, hidden=("spent", "labels"))
    services["new"] = msgspec.structs.replace(service, name="new")
    found = published.verified()
    errors = {name: one for name, one in found.items() if one.status == "error"}
    assert {name: (one.exit_code, one.message) for name, one in errors.items()} == {
        "payment_odd": (
            2,
            "'payment_odd' changed since it was published; run `feature-warehouse materialize`",
        ),
        "new": (
            2,
            "'new' is not published in known_features.dev; run `feature-warehouse materialize`",
        ),
    }


def test_versions_are_served_side_by_side(published: Published, redis_url: str) -> None:
    store = OnlineStore.from_url(redis_url, project=published.names.project, environment="dev")
    entities = [
        {"customer_id": payment["customer_id"], "amount": payment["amount"]} for payment in PAYMENTS
    ]
    for name in ("payment_versions", "payment_versions.v1", "payment_versions.v2"):
        found = store.get_many(name, entities, at=PAID_AT).to_dicts()
        assert [row["share"] for row in found] == [1.0, 0.4, None, None]
    one, two = (store.fingerprint(f"payment_versions.{version}") for version in VERSIONS)
    assert one == store.fingerprint("payment_versions")
    assert one != two


@pytest.mark.parametrize("known", ["duckdb"], indirect=True)
def test_the_command_says_it(published: Published, known: Built, redis_url: str) -> None:
    def command(*arguments: str) -> Any:
        words = ("verify", *arguments, "--redis-url", redis_url, "--environment", "dev")
        return run("feature-warehouse", *words, cwd=known.project, env=known.env)

    done = command()
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert "equal service payment_odd: described as declared\n" in done.stdout
    key = published.description("payment_odd")
    published.client.set(key, other_number(key, published.client.get(key)))
    done = command()
    assert (done.returncode, done.stderr) == (1, "")
    assert (
        f"differs service payment_odd: value\n  value {key}\n  the expression of 'known' is not the"
        " declared one; run `feature-warehouse materialize`\n"
    ) in done.stdout
    results = json.loads(command("--json").stdout)["results"]
    [wrong] = [one for one in results if one["status"] != "success"]
    assert (wrong["view"], wrong["service"]) == ("", "payment_odd")
