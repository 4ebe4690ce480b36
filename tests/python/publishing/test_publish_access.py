"""A publisher that may touch only its project's keys, and secrets that are never shown."""

import traceback
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from feature_warehouse import OnlineStore, UnreachableError
from feature_warehouse.dev.servers import Valkey
from feature_warehouse.engines import open_warehouse
from feature_warehouse.monitoring.status import read_status
from feature_warehouse.publishing.forget import forget
from feature_warehouse.publishing.generations import Generations
from feature_warehouse.publishing.locks import locked
from feature_warehouse.publishing.materialize import Materialization
from feature_warehouse.publishing.run_plan import Clock
from feature_warehouse.publishing.services import ServiceResult
from feature_warehouse.redis_store.connection import close, connect, reachable
from harness.mini import NAMES, NOW, Mini
from harness.publishers import (
    Published,
    assert_served,
    keys_of,
    materialize,
    pairs,
    profile_of,
    pruned,
    registry_of,
    run_one,
    verified,
)
from harness.redis_servers import PASSWORD, Cluster, cluster, eventually

__all__ = ["cluster"]

KEYS = ("~mini.dev:*", "~mini.dev!names", "~feature_warehouse:stores")
COMMANDS = (
    *("+ping", "+info", "+wait", "+scan", "+eval", "+evalsha", "+script|load"),
    *("+get", "+mget", "+set", "+del", "+unlink", "+exists"),
    *("+expire", "+pexpire", "+pexpiretime", "+sadd", "+srem", "+smembers", "+time"),
    *("+xadd", "+hset", "+hget"),
)
NOT_MISSED = {"+del", "+pexpire", "+eval", "+wait"}
"""To give a lock back or keep it longer; for slots on the move, and for replicas."""
CLUSTERED = ("+command", "+cluster|slots", "+asking")
ALLOWED = ("on", f">{PASSWORD}", "resetkeys", *KEYS, "-@all")
LOGIN = "publisher:p%40ss%3Aw%2Frd%25@"


def allow(client: Any, *rules: str, **where: Any) -> None:
    client.execute_command("ACL", "SETUSER", "publisher", "reset", *ALLOWED, *rules, **where)


@pytest.fixture
def admin(client: Any) -> Iterator[Any]:
    yield client
    client.acl_deluser("publisher")


def published(done: Published) -> list[ServiceResult]:
    """The services, if all views are published; else what the first that is not says."""
    for result in done[0].values():
        if result.status != "success":
            assert result.exit_code == 3, result
            raise UnreachableError(result.message)
    for service in done[1]:
        if service.status == "error":
            assert service.exit_code == 3, service
            raise UnreachableError(service.message)
    return done[1]


def equal(mini: Mini, client: Any) -> None:
    for result in verified(mini, client).values():
        if result.status == "error":
            raise UnreachableError(result.message)
        assert result.differences == {}


def everything(mini: Mini, client: Any) -> None:
    """All that a publisher does, on an empty server."""
    pairs(mini, 300, 1)
    pairs(mini, 30, 1, "other", ttl="1000 days")
    mini.service("risk", {"view": "pairs"}, {"view": "other", "prefix": "other_"})
    registry = registry_of(mini)
    services = published(materialize(mini, client))
    assert [service.status for service in services] == ["success"]
    for options in ({"wait": True}, {"full_refresh": True, "rollback_grace": 0}):
        mini.execute("update pairs set a = a + 1, b = a + 1")
        mini.service("risk", {"view": "pairs"}, {"view": "other", "prefix": f"{len(options)}_"})
        published(materialize(mini, client, **options))
    published(materialize(mini, client, full_refresh=True))
    with reachable(client), locked(client, NAMES, "pairs", wait=False):
        Generations(client, NAMES, "pairs").roll_back({})
    published(materialize(mini, client))
    equal(mini, client)
    mini.execute("delete from pairs where id = 5")
    mini.execute("delete from other where id = 5")
    with reachable(client), open_warehouse(profile_of(mini)) as warehouse:
        erasures = forget(registry, client, NAMES, warehouse, {"id": "5"}).erased
    assert {erasure.rows_erased for erasure in erasures} == {1}
    for gone in ("other", "risk_training"):
        mini.drop(gone)
    clock = Clock.at(NOW)
    work = Materialization(registry_of(mini), client, environment="dev", clock=clock)
    assert sorted(pruned(work)) == ["other", "risk"]
    published(materialize(mini, client))
    equal(mini, client)


def test_the_least_that_a_publisher_needs(mini: Mini, admin: Any, valkey_server: Valkey) -> None:
    """As the docstring of ``materialize`` says."""
    allow(admin, *COMMANDS)
    with closing(connect(f"redis://{LOGIN}127.0.0.1:{valkey_server.port}")) as client:
        everything(mini, client)
    assert len([key for key in keys_of(admin) if b"{0}" in key]) == 2
    assert [key for key in keys_of(admin) if b"{5}" in key] == []
    log = [entry for entry in admin.acl_log() if entry["username"] == "publisher"]
    assert {entry["object"] for entry in log} <= {"client|setinfo", "client|maint_notifications"}


@pytest.mark.parametrize("command", sorted({*COMMANDS} - NOT_MISSED))
def test_a_denied_command_is_one_line(
    command: str, mini: Mini, admin: Any, valkey_server: Valkey
) -> None:
    """Each command is needed, and when it is denied the run ends in order."""
    allow(admin, *[other for other in COMMANDS if other != command])
    url = f"redis://{LOGIN}127.0.0.1:{valkey_server.port}"
    with closing(connect(url)) as client, pytest.raises(UnreachableError) as error:
        everything(mini, client)
    message = str(error.value)
    assert "refuses a command: " in message
    assert "User publisher has no permissions to" in message
    assert command[1:].partition("|")[0] in message
    assert "\n" not in message
    assert PASSWORD not in "".join(traceback.format_exception(error.value))


def test_keys_of_others_are_out_of_reach(mini: Mini, admin: Any, valkey_server: Valkey) -> None:
    allow(admin, *COMMANDS)
    pairs(mini, 10, 1)
    clock = Clock.at(NOW)
    with closing(connect(f"redis://{LOGIN}127.0.0.1:{valkey_server.port}")) as client:
        with open_warehouse(profile_of(mini)) as warehouse:
            work = Materialization(registry_of(mini), client, environment="prod", clock=clock)
            [result] = work.views(warehouse, lambda *_: None)
        assert (result.status, result.exit_code) == ("error", 3)
        assert "refuses a command" in result.message
        assert "\n" not in result.message
        assert keys_of(admin) == set()
        assert run_one(mini, client).status == "success"


def test_the_least_in_a_cluster(mini: Mini, cluster: Cluster) -> None:
    with closing(connect(cluster.url)) as admin:
        eventually(lambda: admin.flushall(target_nodes=admin.PRIMARIES), "an empty cluster")
        allow(admin, *COMMANDS, *CLUSTERED, target_nodes=admin.ALL_NODES)
        with closing(connect(cluster.url.replace("//", f"//{LOGIN}"))) as client:
            everything(mini, client)
            close(client)
        admin.acl_deluser("publisher", target_nodes=admin.ALL_NODES)
        close(admin)


def test_a_wrong_password_is_not_shown(mini: Mini, admin: Any, valkey_server: Valkey) -> None:
    admin.execute_command("ACL", "SETUSER", "publisher", "reset", "on", ">other")
    pairs(mini, 10, 1)
    url = f"redis://{LOGIN}127.0.0.1:{valkey_server.port}"
    with closing(connect(url)) as client, pytest.raises(UnreachableError) as error:
        materialize(mini, client)
    shown = "".join(traceback.format_exception(error.value))
    assert "refuses the login" in str(error.value)
    assert "\n" not in str(error.value)
    assert PASSWORD not in shown
    assert "p%40ss" not in shown


MONITOR = ("resetkeys", "%R~mini.dev:*", "%R~mini.dev!names", "-@all")
LOOKS = ("+get", "+smembers", "+scan", "+memory|usage", "+pexpiretime", "+xlen", "+hmget")


@pytest.mark.parametrize("denied", [None, *LOOKS])
def test_the_least_that_a_monitor_needs(
    denied: str | None, mini: Mini, admin: Any, valkey_server: Valkey
) -> None:
    """As the docstring of ``status`` says."""
    pairs(mini, 10, 4, ttl="1000 days")
    run_one(mini, admin)
    admin.sadd("mini.dev:!requests", "some service")
    rules = [rule for rule in LOOKS if rule != denied]
    admin.execute_command(
        "ACL", "SETUSER", "publisher", "reset", "on", f">{PASSWORD}", *MONITOR, *rules
    )
    with closing(connect(f"redis://{LOGIN}127.0.0.1:{valkey_server.port}")) as client:
        if denied is None:
            [view] = read_status(client, "mini", "dev").views
            assert (view.rows, view.memory > 0) == (10, True)
            return
        with pytest.raises(UnreachableError, match=r"no permissions to run the '.*' command"):
            read_status(client, "mini", "dev")


def test_a_reader_sees_what_a_restricted_publisher_wrote(
    mini: Mini, admin: Any, valkey_server: Valkey
) -> None:
    allow(admin, *COMMANDS)
    pairs(mini, 10, 4)
    with closing(connect(f"redis://{LOGIN}127.0.0.1:{valkey_server.port}")) as client:
        run_one(mini, client)
    with OnlineStore(admin) as store:
        assert_served(store, 10, 4)
