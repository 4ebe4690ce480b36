"""`feature-warehouse skew` as a person, a scheduler and a monitor use it."""

import json

import pytest

from harness.command_line import Fw, in_process, one_line
from skew.site import START, Score, Site, hours, key

VALUES = 7


@pytest.fixture
def fw(
    site: Site, redis_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Fw:
    """Two entities were published and read, then one is damaged and read again."""
    monkeypatch.chdir(site.project)
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("FEATURE_WAREHOUSE_ENVIRONMENT", "dev")
    site.load(Score(1, hours(0), hours(0), 0.5), Score(2, hours(0), hours(0), 0.25))
    site.publish(hours(2))
    site.read(redis_url, hours(2), (1, "Rome"), (2, "Rome"))
    site.drain()
    return in_process(monkeypatch, capsys)


def test_a_report_of_nothing_wrong_and_of_something(fw: Fw, site: Site, redis_url: str) -> None:
    code, out, err = fw("skew", "risk")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split("  ")[0] == "score"
    assert lines[-2] == (
        "risk: 2 entities, values: 12 equal, 2 missing, 0 stale, 0 late, 0 wrong, 0 not judged"
    )
    site.rewrite(2, score=99.0)
    site.read(redis_url, hours(2), (2, "Rome"))
    site.drain()
    code, out, err = fw("skew", "risk", "--clock-tolerance", "0 seconds")
    assert (code, err) == (1, "")
    assert out.startswith("score                   2 equal, 1 wrong\n")
    assert "\nwrong: 1 of score, changed, as in request " in out
    code, text, err = fw("metrics")
    assert (code, err) == (0, "")
    labels = 'project="served",environment="dev",service="risk",verdict="wrong"'
    assert f"feature_warehouse_skew_values{{{labels}}} 1\n" in text
    assert "feature_warehouse_skew_measured_timestamp_seconds{" in text


def test_many_causes(fw: Fw, site: Site, redis_url: str) -> None:
    """Each is shown with a request, however many there are of others."""
    site.client.delete(key(1))
    site.rewrite(2, score=99.0)
    site.read(redis_url, hours(2), *[(1, "Rome")] * 6, (2, "Rome"))
    site.drain()
    code, out, err = fw("skew", "risk", "--clock-tolerance", "0 seconds")
    assert (code, err) == (1, "")
    assert "\nwrong: 6 of score, lost, as in request " in out
    assert "\nwrong: 1 of score, changed, as in request " in out


def test_its_files(fw: Fw, site: Site) -> None:
    code, out, _ = fw("skew", "risk", "--json")
    report = json.loads(out)
    assert (code, report["requests"], len(report["features"])) == (0, 2, VALUES)
    folder = site.target / "skew"
    assert json.loads((folder / "risk.json").read_text()) == report
    page = (folder / "risk.html").read_text()
    assert "<script" not in page
    assert "0 values of 2 entities are wrong." in page


def test_the_time_that_is_asked_for(fw: Fw) -> None:
    report = json.loads(fw("skew", "risk", "--json", "--to", f"{START.isoformat()}Z")[1])
    assert report["requests"] == 0
    assert report["end"] == "2026-01-01T00:00:00Z"
    report = json.loads(fw("skew", "risk", "--json", "--from", f"{START.isoformat()}Z")[1])
    assert report["requests"] == 2


def test_another_fingerprint(fw: Fw, site: Site) -> None:
    site.ask("update requests_risk set fingerprint = 'another'")
    code, out, _ = fw("skew", "risk")
    assert code == 0
    assert "2 entities were served by another fingerprint than" in out


def test_mistakes(fw: Fw, site: Site) -> None:
    one_line(fw("skew", "rusk"), 2, "there is no service 'rusk'")
    one_line(fw("skew", "risk", "--clock-tolerance", "1 month"), 2, "--clock-tolerance '1 month'")
    one_line(fw("skew", "risk", "--from", "x"), 2, "'x' is not an instant")
    site.ask("drop table requests_risk")
    one_line(fw("skew", "risk"), 2, "run `feature-warehouse drain --create` first")
