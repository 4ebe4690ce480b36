"""`feature-warehouse metrics`, read by a parser of the text format that knows nothing of ours."""

import json
import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis

from feature_warehouse import OnlineStore
from feature_warehouse.monitoring.drift_report import DriftReport, FeatureDrift
from feature_warehouse.monitoring.prometheus import exposition
from feature_warehouse.monitoring.status import ServiceStatus, Status, ViewStatus
from harness.command_line import Fw, one_line
from harness.mini import Mini
from harness.publishers import fw

__all__ = ["fw"]

SCORES: dict[str, Any] = {"id": "bigint", "ts": "timestamp", "score": "double precision"}
ROWS = (
    "select i::bigint as id, timestamp '2026-01-01' as ts, 1.5::double as score from range({}) t(i)"
)
AS_OF = ("--as-of", "2026-01-01T12:00:00Z")
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC).timestamp()

Sample = tuple[str, tuple[tuple[str, str], ...]]

_LINE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\{(.*)\} (\S+)")
_PLAIN = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)')


def parse(text: str) -> dict[Sample, float]:
    """The samples of text format 0.0.4; fails where the text breaks its grammar.

    Written from https://prometheus.io/docs/instrumenting/exposition_formats/: HELP and TYPE stand
    once and first, the lines of a metric stand together, the last line ends in a line feed.
    """
    assert text.endswith("\n")
    samples: dict[Sample, float] = {}
    finished: set[str] = set()
    family = described = ""
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            finished.add(family)
            described = line.split(" ", 3)[2]
            assert described not in finished
            assert re.fullmatch(r"(?:[^\\]|\\[\\n])+", line.split(" ", 3)[3])
        elif line.startswith("# TYPE "):
            _, _, family, kind = line.split(" ")
            assert (family, kind) == (described, "gauge")
        else:
            match = _LINE.fullmatch(line)
            assert match, line
            name, labels, value = match.groups()
            assert name == family
            assert math.isfinite(float(value))
            key = (name, tuple(_labels(labels)))
            assert key not in samples
            samples[key] = float(value)
    return samples


def _labels(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(text):
        match = _LABEL.match(text, position)
        assert match, text[position:]
        yield match[1], re.sub(r"\\.", lambda found: _PLAIN[found[0]], match[2])
        position = match.end()


def of(samples: dict[Sample, float], name: str, /, **labels: str) -> float | None:
    """The one sample with these labels; None if there is none."""
    found = [
        value
        for (metric, pairs), value in samples.items()
        if metric == f"feature_warehouse_{name}" and labels.items() <= dict(pairs).items()
    ]
    assert len(found) < 2
    return found[0] if found else None


@pytest.fixture
def mini(tmp_path: Path) -> Mini:
    project = Mini(tmp_path / "a project")
    project.view("scores", SCORES, ROWS.format(3), ttl="1 day")
    project.view("empty", SCORES, ROWS.format(0))
    project.service("risk", {"view": "scores"})
    project.write()
    return project


def test_metrics_say_what_was_published_and_how_the_run_went(fw: Fw, mini: Mini) -> None:
    before = datetime.now(UTC).timestamp()
    assert fw("materialize", *AS_OF)[0] == 0
    code, out, err = fw("metrics")
    assert (code, err) == (0, "")
    samples = parse(out)
    scores = {"project": "mini", "environment": "dev", "view": "scores"}
    assert of(samples, "view_rows", **scores) == 3
    assert of(samples, "view_rows", view="empty") == 0
    assert of(samples, "view_newest_event_timestamp_seconds", **scores) == NEW_YEAR
    assert of(samples, "view_newest_event_timestamp_seconds", view="empty") is None
    assert of(samples, "view_newest_event_age_seconds", **scores) == 12 * 3600
    assert of(samples, "view_ttl_seconds", **scores) == 24 * 3600
    assert of(samples, "view_ttl_seconds", view="empty") is None
    assert of(samples, "view_generation", **scores) == 1
    assert of(samples, "view_clock_is_simulated", **scores) == 1
    assert of(samples, "view_last_run_clock_timestamp_seconds", **scores) == NEW_YEAR + 12 * 3600
    ended = of(samples, "view_last_run_timestamp_seconds", **scores)
    assert ended
    assert before <= ended <= datetime.now(UTC).timestamp()
    memory = of(samples, "view_memory_bytes", **scores)
    assert memory
    assert memory > 150
    assert of(samples, "service_features", service="risk") == 1

    results = json.loads((mini.folder / "target" / "materialize_results.json").read_text())
    [result] = [one for one in results["results"] if one["view"] == "scores"]
    assert of(samples, "materialize_success", **scores) == 1
    assert of(samples, "materialize_rows_written", **scores) == 3
    assert of(samples, "materialize_duration_seconds", **scores) == result["seconds"]
    assert of(samples, "materialize_clock_timestamp_seconds") == NEW_YEAR + 12 * 3600
    assert of(samples, "materialize_service_success", service="risk") == 1
    assert of(samples, "materialize_gate_success", **scores) is None

    (mini.folder / "target" / "materialize_results.json").unlink()
    samples = parse(fw("metrics")[1])
    assert of(samples, "view_rows", **scores) == 3
    assert {name for name, _ in samples if "materialize" in name} == set()


def test_when_names_were_last_read(fw: Fw, mini: Mini, client: "redis.Redis") -> None:
    """By a reader; what an operator looks at with `get` does not count."""
    del mini
    assert fw("materialize", *AS_OF)[0] == 0
    assert fw("get", "risk", "id=1")[0] == 0
    assert of(parse(fw("metrics")[1]), "last_read_timestamp_seconds", name="risk") is None
    assert "service risk: 1 features" in (out := fw("status")[1])
    assert "not read lately" in out
    before = datetime.now(UTC).timestamp()
    OnlineStore(client, project="mini", environment="dev").get("risk", {"id": 1})
    after = datetime.now(UTC).timestamp()
    samples = parse(fw("metrics")[1])
    at = of(samples, "last_read_timestamp_seconds", name="risk")
    assert at
    assert before - 0.001 <= at <= after
    assert of(samples, "last_read_timestamp_seconds", name="scores") is None
    status = json.loads(fw("status", "--json")[1])
    assert status["last_read"] == {"risk": round(at * 1e6)}
    day = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")
    assert f", last read {day}" in fw("status")[1]


def test_a_failed_view_keeps_its_rows_and_is_reported(fw: Fw, mini: Mini) -> None:
    fw("materialize", *AS_OF)
    mini.execute("drop table scores")
    assert fw("materialize", *AS_OF)[0] != 0
    samples = parse(fw("metrics")[1])
    assert of(samples, "view_rows", view="scores") == 3
    assert of(samples, "materialize_success", view="scores") == 0
    assert of(samples, "materialize_success", view="empty") == 1


@pytest.mark.parametrize(
    ("gate", "success", "warnings"),
    [
        ({"status": "passed", "warnings": []}, 1, 0),
        ({"status": "passed", "warnings": ["a", "b"]}, 1, 2),
        ({"status": "failed", "warnings": []}, 0, 0),
        ({"status": "error"}, 0, None),
        ({"success": True}, 1, None),
        ("failed", 0, None),
        (False, 0, None),
        (None, None, None),
        ({"of another": "version"}, None, None),
    ],
)
def test_the_gate_is_read_in_any_form(gate: Any, success: int | None, warnings: int | None) -> None:
    for name in ("gate", "validation"):
        content = {"results": [{"view": "a", name: gate}, {"view": ""}, 7], "metadata": None}
        samples = parse(exposition(Status("p", "e", [], []), content))
        assert of(samples, "materialize_gate_success", view="a") == success
        assert of(samples, "materialize_gate_warnings", view="a") == warnings


def test_labels_and_units_survive() -> None:
    odd = 'a "b"\\\n{c="d"} é,'
    view = ViewStatus(odd, 7, 10**12, 1, -1, None, 0, 2_500_000, None, 0, 1, 1e-9, "")
    status = Status(odd, "e", [view], [ServiceStatus(odd, "f", 3)])
    samples = parse(exposition(status, None))
    assert of(samples, "view_rows", project=odd, view=odd) == 10**12
    assert of(samples, "view_newest_event_timestamp_seconds") == 1e-6
    assert of(samples, "view_newest_event_age_seconds") == -1e-6
    assert of(samples, "view_last_run_timestamp_seconds") == 2.5
    assert of(samples, "view_last_run_duration_seconds") == 1e-9
    assert of(samples, "service_features", service=odd, fingerprint="f") == 3


def test_drift_is_told_with_the_rows_of_now(fw: Fw, mini: Mini) -> None:
    features = [
        FeatureDrift(name, view, "season", verdict, "", now_rows=rows, source=source)
        for name, view, verdict, rows, source in (
            ("a", "x", "alarm", 600, "requests"),
            ("b", "x", "ok", 600, "requests"),
            ("c", "", "ok", 600, "requests"),
            ("d", "x", "ok", 90, "labels"),
            ("e", "x", "ok", 20, "newest_rows"),
            ("f", "x", "ok", 20, "newest_rows"),
            ("g", "y", "not judged", 3, "newest_rows"),
            ("h", "y", "off", 0, ""),
        )
    ]
    at = "2026-01-01T00:00:00Z"
    report = DriftReport("risk", "t", at, "7 days", tuple(features), measured_at=at)
    assert fw("materialize", *AS_OF)[0] == 0
    (mini.folder / "target" / "drift").mkdir()
    (mini.folder / "target" / "drift" / "risk.json").write_bytes(msgspec.json.encode(report))
    (mini.folder / "target" / "drift" / "broken.json").write_text("{")
    code, out, err = fw("metrics")
    assert (code, err) == (0, "")
    samples = parse(out)
    counts = {("ok", "requests"): 2, ("alarm", "requests"): 1, ("ok", "newest_rows"): 2}
    for (verdict, source), count in counts.items():
        labels = {"service": "risk", "verdict": verdict, "source": source}
        assert of(samples, "drift_features", **labels) == count
    assert of(samples, "drift_features", verdict="off", source="") == 1
    rows = {"requests": 600, "labels": 90, "newest_rows": 23}
    for source, number in rows.items():
        assert of(samples, "drift_rows", service="risk", source=source) == number
    assert of(samples, "drift_measured_timestamp_seconds", service="risk") == NEW_YEAR


def test_a_file_is_replaced_as_a_whole(fw: Fw, mini: Mini, tmp_path: Path) -> None:
    file = tmp_path / "textfile" / "feature_warehouse.prom"
    fw("materialize", *AS_OF)
    one_line(fw("metrics", "--output", file), 2, f"{file} cannot be written")
    file.parent.mkdir()
    file.write_text("what was there before")
    assert fw("metrics", "--output", file) == (0, "", "")
    assert parse(file.read_text()) == parse(fw("metrics")[1])
    assert [*file.parent.iterdir()] == [file]

    results = mini.folder / "target" / "materialize_results.json"
    results.write_text("[]")
    one_line(fw("metrics", "--output", file), 2, "is not a result of `materialize`")
    results.write_text("{")
    one_line(fw("metrics"), 2, "cannot be read")
    results.unlink()
    one_line(fw("metrics", "--redis-url", "redis://127.0.0.1:1"), 3, "127.0.0.1:1")
    assert parse(file.read_text())
