"""Any key of Redis lost or damaged, before any command: the right answer, or an error that says so.

What is right is a dictionary, written down by the test as it changes the warehouse: for each view,
what every entity is to be served. A command that ends with 0 has to be right; one that does not
ends with a documented exit code and says why in lines of its own. Then one run mends everything.
"""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import combinations, product
from typing import Any, NamedTuple

import pytest
import redis

from feature_warehouse import FeatureWarehouseError, OnlineStore
from harness.command_line import Fw
from harness.mini import NAMES, NOW, Columns, Mini
from harness.publishers import fw, keys_of

__all__ = ["fw"]

IDS = range(12)
AS_OF = ("--as-of", NOW.isoformat())
SERVED: Columns = {"id": "bigint", "ts": "timestamp", "a": "bigint"}

Expected = dict[str, dict[int, int]]
"""What each view has to say of each entity; who is not there is missing."""

BEFORE: Expected = {view: dict.fromkeys(range(5), 1) for view in ("pairs", "log")}
PUBLISHED: Expected = {view: dict.fromkeys(range(5), 2) for view in ("pairs", "log")}
CHANGED: Expected = {
    "pairs": {0: 2, 1: 3, 3: 2, 4: 2, 9: 3},  # entity 2 is deleted
    "log": {0: 2, 1: 3, 2: 2, 3: 2, 4: 2, 9: 3},
}
FORGOTTEN: Expected = {view: {0: 2, 1: 2, 3: 2, 4: 2} for view in ("pairs", "log")}


class Case(NamedTuple):
    """A command, and what is done to keys before."""

    command: str
    damages: tuple[tuple[bytes, str], ...]


def delete(client: Any, key: bytes) -> None:
    client.delete(key)


def become_a_list(client: Any, key: bytes) -> None:
    client.delete(key)
    client.rpush(key, "x", "y")


def become_garbage(client: Any, key: bytes) -> None:
    client.set(key, b"\xff\xfe" * 40)


def become_short(client: Any, key: bytes) -> None:
    client.set(key, b"{")


def become_empty(client: Any, key: bytes) -> None:
    client.set(key, b"")


def flip(client: Any, key: bytes) -> None:
    """One bit, where there are any; else there are strange members."""
    if client.type(key) == b"string":
        text = bytearray(client.get(key))
        text[len(text) // 2] ^= 4
        client.set(key, bytes(text))
    elif client.type(key) == b"set":
        client.sadd(key, b"\xff\xfe", b"no.such", b"99999999999", b"x y")


DAMAGES: dict[str, Callable[[Any, bytes], None]] = {
    "delete": delete,
    "list": become_a_list,
    "garbage": become_garbage,
    "short": become_short,
    "empty": become_empty,
    "flip": flip,
}
COMMANDS = (*("materialize", "refresh", "prune", "verify", "rollback", "forget", "status", "get"),)


class World:
    """A warehouse, what was published of it, and all keys as they were then."""

    def __init__(self, mini: Mini, client: Any, fw: Fw) -> None:
        self.mini, self.client, self.fw = mini, client, fw
        self.mini.service("risk", {"view": "pairs"}, {"view": "log", "prefix": "log_"})
        self.build(BEFORE)
        self.mini.view("old", SERVED, self._query(BEFORE["pairs"]))
        self.mini.write()
        self._publish()
        self.mini.drop("old")
        self.build(PUBLISHED)
        self._publish("--full-refresh")
        # What a --prune leaves that was killed; a generation that was never finished; a lock.
        client.set("mini.dev:gone@1:{2}", b"half")
        client.set("mini.dev:pairs@7:{2}", b"half")
        client.set(NAMES.lock("pairs"), "of a run that was killed", px=10)
        self.keys = sorted({*keys_of(client), NAMES.lock("pairs").encode()})
        self._dump = {key: client.dump(key) for key in self.keys}

    def build(self, expected: Expected) -> None:
        """`dbt build`: only ``log`` says when a row was loaded, and keeps the rows before."""
        self.mini.view("pairs", SERVED, self._query(expected["pairs"]))
        rows = self._query(expected["log"], ", ts as loaded")
        if expected is CHANGED:
            old = self._query(PUBLISHED["log"], ", ts as loaded")
            rows = f"{old} union all select * from ({rows}) where a = 3"
        columns = {**SERVED, "loaded": "timestamp"}
        self.mini.view("log", columns, rows, created_timestamp="loaded")
        self.mini.write()

    @staticmethod
    def _query(expected: dict[int, int], more: str = "") -> str:
        values = ", ".join(f"({entity}, {value})" for entity, value in expected.items())
        # Newer values are of later hours.
        at = "timestamp '2026-01-01' + a * interval 1 hour as ts"
        return (
            f"select id::bigint as id, {at}, a::bigint as a{more} from (values {values}) t(id, a)"
        )

    def _publish(self, *options: str) -> None:
        code, out, err = self.fw("materialize", *AS_OF, *options)
        assert (code, err) == (0, ""), (out, err)

    def restore(self) -> None:
        self.client.flushall()
        for key, value in self._dump.items():
            if value is not None:
                self.client.restore(key, 0, value)

    def run(self, case: Case) -> None:
        after = {"materialize": CHANGED, "refresh": CHANGED, "prune": CHANGED, "forget": FORGOTTEN}
        self.restore()
        self.build(after.get(case.command, PUBLISHED))
        for key, kind in case.damages:
            DAMAGES[kind](self.client, key)
        self._check(case)
        self._mend(after.get(case.command, PUBLISHED))

    def _check(self, case: Case) -> None:
        arguments = {
            "materialize": ("materialize", *AS_OF, "--json"),
            "refresh": ("materialize", *AS_OF, "--full-refresh"),
            "prune": ("materialize", *AS_OF, "--prune", "--yes", "--json"),
            "verify": ("verify",),
            "rollback": ("rollback", "pairs", "--project", "mini", "--environment", "dev"),
            "forget": ("forget", "id=2"),
            "status": ("status", "--project", "mini", "--environment", "dev", "--json"),
            "get": ("get", "risk", "id=1", "--project", "mini", "--environment", "dev", "--json"),
        }
        code, out, err = self.fw(*arguments[case.command])
        assert code in (0, 1, 2, 3, 4), (case, out, err)
        assert "Traceback" not in out + err, case
        if code:
            assert code == 1 or err.startswith("feature-warehouse: "), (case, out, err)
        else:
            getattr(self, f"_after_{case.command}")(case, out)

    # What has to be so after a command that says that all is well.

    def _after_materialize(self, case: Case, out: str) -> None:
        modes = {one["view"]: one["mode"] for one in json.loads(out)["results"]}
        # Rows that Redis lost in a generation in service are for `verify`, as README says.
        touched = [key for key, _ in case.damages if b"{" in key]
        self._assert_served(
            CHANGED, {view: [] if modes[view] == "full" else touched for view in CHANGED}
        )

    def _after_refresh(self, _case: Case, _out: str) -> None:
        self._assert_served(CHANGED, {})

    def _after_prune(self, case: Case, out: str) -> None:
        self._after_materialize(case, out)
        gone = [key for key in keys_of(self.client) if b":old@" in key or b":gone" in key]
        assert gone == [], case
        assert not self.client.exists("mini.dev:old"), case

    def _after_verify(self, _case: Case, _out: str) -> None:
        for view in PUBLISHED:
            self._assert_view(view, PUBLISHED[view], [])

    def _after_rollback(self, case: Case, _out: str) -> None:
        touched = [key for key, _ in case.damages if b"{" in key]
        self._assert_view("pairs", BEFORE["pairs"], touched)

    def _after_forget(self, case: Case, _out: str) -> None:
        assert self._of_entity(2) == [], case
        touched = [key for key, _ in case.damages]
        for view in FORGOTTEN:
            self._assert_view(view, FORGOTTEN[view], touched or [b"none"])

    def _after_status(self, case: Case, out: str) -> None:
        found = json.loads(out)
        views = {one["view"]: one["generation"] for one in found["views"]}
        assert views == {"pairs": 2, "log": 2, "old": 1}, case
        assert [one["service"] for one in found["services"]] == ["risk"], case

    def _after_get(self, case: Case, out: str) -> None:
        features = json.loads(out)["features"]
        told = {name: (one["value"], one["status"]) for name, one in features.items()}
        lost = {key for key, kind in case.damages if kind in ("delete", "list") and b"{1}" in key}
        for name, view in (("a", "pairs"), ("log_a", "log")):
            row = b"mini.dev:%s@2:{1}" % view.encode()
            expected = (None, "missing") if row in lost else (2, "found")
            assert told[name] == expected, case

    def _of_entity(self, number: int) -> list[bytes]:
        own = (b"mini.dev:pairs@", b"mini.dev:log@", b"mini.dev:gone@", b"mini.dev:old@")
        names = [key for key in keys_of(self.client) if key.startswith(own)]
        return [key for key in names if key.endswith(b"{%d}" % number)]

    def _assert_served(self, expected: Expected, touched: dict[str, list[bytes]]) -> None:
        for view in expected:
            self._assert_view(view, expected[view], touched.get(view, []))
        if not any(touched.values()):
            with self._store() as store:
                for number in IDS:
                    found = tuple(store.get("risk", {"id": number}).values())
                    assert found == (expected["pairs"].get(number), expected["log"].get(number))

    def _assert_view(self, view: str, expected: dict[int, int], touched: list[bytes]) -> None:
        """What readers are told; of rows that were touched, nothing at all or an error will do."""
        with self._store() as store:
            for number in IDS:
                try:
                    told = store.get(view, {"id": number})["a"]
                except FeatureWarehouseError:
                    assert touched, (view, number)
                    continue
                excused = any(key.endswith(b"{%d}" % number) for key in touched)
                right = expected.get(number)
                assert told == right or (excused and told is None), (view, number, told)

    def _store(self) -> OnlineStore:
        return OnlineStore(self.client, project="mini", environment="dev")

    def _mend(self, expected: Expected) -> None:
        """One run later all is right, whatever happened."""
        code, out, err = self.fw(
            "materialize", *AS_OF, "--full-refresh", "--prune", "--yes", "--wait"
        )
        assert code == 0, (out, err)
        self._assert_served(expected, {})
        if expected is FORGOTTEN:
            assert self._of_entity(2) == []
        code, out, err = self.fw("verify")
        assert code == 0, (out, err)


@pytest.fixture
def world(mini: Mini, client: "redis.Redis", fw: Fw) -> World:
    return World(mini, client, fw)


def chosen(keys: list[bytes]) -> Iterator[bytes]:
    """All keys but rows that are like others."""
    for key in keys:
        if not key.endswith((b"{0}", b"{3}", b"{4}")):
            yield key


def singles(world: World) -> list[Case]:
    return [
        Case(command, ((key, kind),))
        for command, key, kind in product(COMMANDS, chosen(world.keys), DAMAGES)
    ]


def pairs_of(world: World) -> list[Case]:
    touched = list(product(chosen(world.keys), DAMAGES))
    return [
        Case(command, both)
        for command, both in product(COMMANDS, combinations(touched, 2))
        if both[0][0] != both[1][0]
    ]


def test_a_key_that_is_lost_or_damaged(world: World) -> None:
    cases = singles(world)
    assert len(cases) > 1_000
    for command in COMMANDS:
        world.run(Case(command, ()))
    # What was seen to go wrong once, and some others.
    for key in (NAMES.run("pairs"), NAMES.generations("pairs"), NAMES.members, "mini.dev:pairs"):
        for command in ("refresh", "forget"):
            world.run(Case(command, ((key.encode(), "delete"),)))
    for case in random.Random(11).sample(cases, 25):
        world.run(case)


def wrong(world: World, cases: list[Case]) -> list[str]:
    """What went wrong in which case: all of it, for one fault has many cases."""
    found: list[str] = []
    for case in cases:
        try:
            world.run(case)
        except (AssertionError, FeatureWarehouseError, redis.RedisError) as error:
            found.append(f"{case}: {error!r}"[:2_000])
    return found


@pytest.mark.long
def test_every_key_that_is_lost_or_damaged(world: World) -> None:
    assert not (found := wrong(world, singles(world))), "\n".join(found)


@pytest.mark.long
def test_pairs_of_keys_that_are_lost_or_damaged(world: World) -> None:
    found = wrong(world, random.Random(5).sample(pairs_of(world), 3_000))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("number", [2**31, "x", "-5", ""])
def test_a_counter_that_says_nonsense(number: Any, world: World) -> None:
    world.restore()
    world.client.set(NAMES.run("pairs"), number)
    world.build(CHANGED)
    world._mend(CHANGED)
    assert json.loads(world.fw("status", "--json")[1])["views"][1]["generation"] < 20


def test_a_policy_that_evicts_is_told(world: World) -> None:
    with closing(redis.Redis(connection_pool=world.client.connection_pool)) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            code, _, err = world.fw("materialize", *AS_OF)
        finally:
            client.config_set("maxmemory-policy", "noeviction")
    assert code == 0
    assert err == (
        "feature-warehouse: warning: Redis evicts keys when its memory is full (maxmemory-policy"
        " allkeys-lru), which only `verify` notices; set it to noeviction\n"
    )
