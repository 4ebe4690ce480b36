"""What a server does not take, and what it says then."""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest

from feature_warehouse.dev.servers import Valkey
from feature_warehouse.errors import UsageError
from feature_warehouse.server.settings import Limits, Settings, is_loopback, refuse_open
from feature_warehouse.server.tokens import read_tokens
from harness.redis_fixture import shelve_scores
from server.asked import Asker, asker

RISK = "/v1/services/risk"
ONE = {"entities": [{"id": 1}]}


@pytest.fixture
def url(valkey_server: Valkey, client: Any) -> str:
    shelve_scores(client)
    return valkey_server.url


@pytest.fixture
def ask(url: str) -> Iterator[Asker]:
    with asker(url, limits=Limits(body=2000, entities=5, seconds=60.0)) as found:
        yield found


WRONG = {
    "": "not JSON",
    "{": "not JSON",
    "[]": "Expected `object`, got `array`",
    "{}": "missing required field `entities`",
    '{"entities": null}': "got `null` - at `$.entities`",
    '{"entities": [1]}': "at `$.entities[0]`",
    '{"entities": {"id": 1}}': "Expected `array`",
    '{"entities": [{"id": 1}], "at": 5}': "at `$.at`",
    '{"entities": [{"id": 1}], "at": "soon"}': '"at" is not an instant',
    '{"entities": [{"id": 1}], "at": "0001-01-01T00:00:00+14:00"}': '"at" is not an instant',
    '{"entities": [{"id": 1}], "layout": "cube"}': "Invalid enum value 'cube'",
    '{"entities": [{"id": 1}], "entity": []}': "unknown field `entity`",
    '{"entities": [{"id": 1}], "request_id": ["a", "b"]}': "2 ids for 1 entities",
    '{"entities": [{"id": 1}], "tag": "%s"}' % ("x" * 201): "at most 200 characters",
    '{"entities": [{"id": "\\ud800"}]}': "not JSON",
    '{"entities": [{"id": NaN}]}': "not JSON",
    '{"entities": [{"id": 1.%s}]}' % ("1" * 500): "too many digits",
    '{"entities": [{"id": 1e%s}]}' % ("9" * 300): "exponent",
    '{"entities": [{"id": %s}]}' % ("[" * 1500): "not JSON",
    '{"entities": [{"id": %s}]}' % ("[" * 900 + "]" * 900): "takes a whole number",
    '{"entities": [{"id": %s}]}' % ("9" * 1500): "",
    '{"entities": [{"id": "%s"}]}' % ("9" * 1500): "takes a whole number",
    '{"entities": [{"id": true}]}': "takes a whole number, or its digits as text, not true",
    '{"entities": [{"id": {}}]}': "not an object",
    '{"entities": [{}]}': "lacks id",
    '{"entities": [{"id": 1, "__class__": 2}]}': "has unknown __class__",
    '{"entities": [{"id": 1, "\\udc00": 2}]}': "not JSON",
    '{"entities": [{"id": 1, "%s": 2}]}' % ("x" * 1500): "has unknown xxx",
}


@pytest.mark.parametrize("body", WRONG, ids=lambda body: body[:60])
def test_bodies_that_are_none(ask: Asker, body: str) -> None:
    answer = ask("POST", RISK, pieces=[body.encode()])
    if answer.status == 200:  # whole numbers have no end: there is no such entity
        assert answer.json["statuses"][0]["scores_score"] == "missing"
        return
    status, _, detail = answer.problem
    assert status == 400
    assert WRONG[body] in detail
    assert len(detail) < 700


def test_bytes_that_are_no_text(ask: Asker) -> None:
    for body in (b"\xff\xfe", b'{"entities": [{"id": "\xff"}]}', b"\x00" * 50):
        assert ask("POST", RISK, pieces=[body]).problem[:2] == (400, "request")


NAMES = [
    "nothing", "risk@abcd", "!names", "risk ", "..", "a" * 5000, "%", "\x00", "ris\u212a", "{risk}",
    "scores@1:{1}", "feature_warehouse:stores", "'; drop table", "<script>", "\ud7ff\U0010ffff",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_that_are_none(ask: Asker, name: str) -> None:
    for method, content in (("POST", ONE), ("GET", None)):
        status, code, detail = ask(method, f"/v1/services/{name}", content).problem
        assert (status, code) == (404, "not_published")
        assert len(detail) < 700
    # Nobody can make metrics of what does not exist.
    assert name not in ask("GET", "/metrics").body.decode().replace("/v1/services/{name}", "")


def test_limits(ask: Asker) -> None:
    status, code, detail = ask.post("risk", [{"id": n} for n in range(6)]).problem
    assert (status, code) == (413, "too_large")
    assert "6 entities are more than 5" in detail
    assert ask.post("risk", [{"id": n} for n in range(5)]).status == 200
    many = {"features": [f"names{n}:name{n}" for n in range(11)], "entities": {"id": [1] * 5}}
    answer = ask("POST", "/get-online-features", many)
    assert answer.problem[:2] == (413, "too_large")
    assert "55 rows, more than 50" in answer.problem[2]
    columns = {"feature_service": "risk", "entities": {"id": list(range(6))}}
    assert ask("POST", "/get-online-features", columns).problem[:2] == (413, "too_large")
    padded = json.dumps(ONE).encode().ljust(2000)
    assert ask("POST", RISK, pieces=[padded[:7], padded[7:]]).status == 200
    for pieces in ([padded + b" "], [padded, b" "], [b" " * 1000] * 9):
        answer = ask("POST", RISK, pieces=pieces)
        assert answer.problem[:2] == (413, "too_large")
        assert answer.headers["connection"] == "close"
    answer = ask("POST", RISK, ONE, {"content-length": "2001"})
    assert answer.problem[:2] == (413, "too_large")


def test_a_body_that_does_not_come(url: str) -> None:
    with asker(url, limits=Limits(seconds=0.05)) as ask:
        answer = ask("POST", RISK, pieces=[b'{"entities": [', None])
        assert answer.problem[:2] == (408, "slow")
        assert answer.headers["connection"] == "close"


def test_paths_methods_and_media_types(ask: Asker) -> None:
    assert ask("GET", "/v2/services").problem[:2] == (404, "path")
    assert ask("POST", "/v1/services/a/b", ONE).problem[:2] == (404, "path")
    assert ask("POST", "/v1/services/", ONE).problem[:2] == (404, "path")
    answer = ask("DELETE", RISK)
    assert answer.problem[:2] == (405, "method")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}
    assert ask("GET", "/get-online-features").problem[:2] == (405, "method")
    for kind in ("application/x-protobuf", "multipart/form-data; boundary=x"):
        assert ask("POST", RISK, ONE, {"content-type": kind}).problem[:2] == (415, "content")
    assert ask("POST", RISK, ONE, {"content-encoding": "gzip"}).problem[:2] == (415, "content")
    for kind in ("application/json; charset=utf-8", "application/x-www-form-urlencoded"):
        assert ask("POST", RISK, ONE, {"content-type": kind}).status == 200


def test_without_tokens_only_this_machine_is_answered(ask: Asker) -> None:
    for host in ("localhost:8080", "127.0.0.1", "[::1]:8080", "127.1.2.3:1"):
        assert ask("POST", RISK, ONE, {"host": host}).status == 200
    for host in ("evil.example:8080", "127.0.0.1.evil.example", "10.0.0.1", "localhost.evil"):
        assert ask("POST", RISK, ONE, {"host": host}).problem[:2] == (403, "host")
        assert ask("GET", "/health", headers={"host": host}).status == 200


def test_pages_of_other_sites_are_not_answered(ask: Asker, url: str) -> None:
    own, other = {"host": "localhost:8080"}, "http://evil.example"
    for origin in (other, "null", "http://localhost:3000"):
        assert ask("POST", RISK, ONE, {**own, "origin": origin}).problem[:2] == (403, "origin")
    assert ask("POST", RISK, ONE, {**own, "origin": "http://localhost:8080"}).status == 200
    tokens = read_tokens(f"sha256:{sha256(b'known').hexdigest()} gone, risk", None)
    with asker(url, tokens=tokens) as with_token:
        headers = {"origin": other, **bearer("known")}
        assert with_token("POST", RISK, ONE, headers).status == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "feature-server"])  # noqa: S104
def test_an_open_server_is_refused(host: str) -> None:
    with pytest.raises(UsageError, match=r"without tokens .* FEATURE_WAREHOUSE_TOKENS"):
        refuse_open(Settings("redis://localhost", host=host))
    tokens = read_tokens(f"sha256:{'0' * 64} *", None)
    refuse_open(Settings("redis://localhost", host=host, tokens=tokens))
    assert not is_loopback(host)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_tokens(url: str) -> None:
    one, two, all_of_them, metrics = ("t1" * 16, "t4" * 16, "t2" * 16, "t3" * 16)
    lines = [
        f"sha256:{sha256(one.encode()).hexdigest()} risk, names  # the risk model",
        f"SHA256:{sha256(all_of_them.encode()).hexdigest().upper()} *",
        f"sha256:{sha256(metrics.encode()).hexdigest()} /metrics",
        f"sha256:{sha256(two.encode()).hexdigest()} riskk",
    ]
    tokens = read_tokens(";".join(lines), None)
    with asker(url, tokens=tokens) as ask:
        assert ask("POST", RISK, ONE, {**bearer(one), "host": "anything.example"}).status == 200
        assert ask("POST", "/v1/services/scores", ONE, bearer(one)).problem[:2] == (403, "right")
        assert ask("POST", "/v1/services/secret", ONE, bearer(one)).problem[:2] == (403, "right")
        features = {"features": ["names:name", "scores:score"], "entities": {"id": [1]}}
        path = "/get-online-features"
        assert ask("POST", path, features, bearer(one)).problem[:2] == (403, "right")
        assert ask("POST", path, features, bearer(all_of_them)).status == 200
        # A token does not learn the names that it may not read.
        assert "did you mean 'risk'" in ask("POST", f"{RISK}k", ONE, bearer(all_of_them)).problem[2]
        _, code, detail = ask("POST", f"{RISK}k", ONE, bearer(two)).problem
        assert (code, "risk'" in detail) == ("not_published", False)
        for name, found in ((one, {"risk", "names"}), (all_of_them, {"risk", "names", "scores"})):
            listed = ask("GET", "/v1/services", headers=bearer(name)).json["services"]
            assert {each["name"] for each in listed} == found
        for wrong in ({}, bearer(one[:-1]), bearer(""), {"authorization": one},
                      {"authorization": f"Basic {one}"}, bearer("\xff")):  # fmt: skip
            for method, where in (("POST", RISK), ("GET", "/metrics"), ("GET", "/nothing")):
                answer = ask(method, where, ONE, wrong)
                assert answer.problem[:2] == (401, "token")
                assert answer.headers["www-authenticate"] == "Bearer"
        assert ask("GET", "/metrics", headers=bearer(one)).problem[:2] == (403, "right")
        assert ask("GET", "/metrics", headers=bearer(metrics)).status == 200
        assert ask("GET", "/metrics", headers=bearer(all_of_them)).status == 200
        assert ask("GET", "/health").status == ask("GET", "/ready").status == 200


@pytest.mark.parametrize(
    "line",
    [
        f"sha256:{sha256(b'').hexdigest()} risk",
        "s3cret risk",
        "sha256:abc risk",
        f"sha256:{'0' * 64}",
        "sha256:",
    ],
)
def test_lines_that_are_no_tokens(line: str, tmp_path: Any) -> None:
    with pytest.raises(
        UsageError, match=r"^line 2 of FEATURE_WAREHOUSE_TOKENS is (not|the hash)"
    ) as error:
        read_tokens(f"# none\n{line}", None)
    assert "s3cret" not in str(error.value)
    file = tmp_path / "tokens"
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_tokens(None, file)
    file.write_text("# nothing\n")
    with pytest.raises(UsageError, match="has no token"):
        read_tokens(None, file)


def test_redis_that_does_not_answer() -> None:
    with asker("redis://127.0.0.1:1/0?socket_timeout=0.2") as ask:
        answer = ask("POST", RISK, ONE)
        assert answer.problem[:2] == (503, "unreachable")
        assert "127.0.0.1" not in answer.problem[2]
        assert answer.headers["retry-after"] == "1"
        assert ask("GET", "/health").status == 200
        assert ask("GET", "/ready").status == 503


def test_a_store_where_nothing_is_published(redis_url: str) -> None:
    with asker(redis_url) as ask:
        assert ask("GET", "/ready").json == {"status": "not ready"}
        assert ask("GET", "/v1/services").json == {"services": []}


def test_a_user_that_may_not_list(url: str, client: Any) -> None:
    client.execute_command(
        "ACL", "SETUSER", "reader", "reset", "on", "nopass", "%R~mini.dev:*", "-@all", "+mget",
        "+exists",
    )  # fmt: skip
    try:
        with asker(url.replace("//", "//reader:any@")) as ask:
            assert ask("GET", "/ready").status == 503
            assert ask("POST", RISK, ONE).status == 200
            # What was read before tells.
            assert ask("GET", "/ready").status == 200
            assert ask("GET", "/v1/services").problem[:2] == (503, "unreachable")
    finally:
        client.acl_deluser("reader")
