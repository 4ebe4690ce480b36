"""No page has an element or an attribute that comes from the data, and no browser would run it."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from feature_warehouse.monitoring.drift_page import drift_page
from feature_warehouse.monitoring.drift_report import MEASURES, Bin, DriftReport, FeatureDrift
from feature_warehouse.skew.page import skew_page
from feature_warehouse.skew.report import Example, FeatureSkew, SkewReport
from feature_warehouse.validation.gx.report import Report
from feature_warehouse.validation.results import CheckResult, GateResult
from harness.command_line import Fw
from harness.mini import Mini
from harness.publishers import fw

__all__ = ["fw"]

HOSTILE = [
    "<svg onload=alert(1)>",
    "<SCRIPT>alert(1)</SCRIPT>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style></title></td><iframe src=javascript:alert(1)>",
    "<!--",
    "&lt;script&gt;&#60;b&#62;",
    "{{ 7 * 7 }}<b>",
    "[x](javascript:alert(1)) <http://x.y>",
]


class Page(HTMLParser):
    """The elements with the names of their attributes, and all text."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.links: list[str] = []
        self.policy = self.text = ""
        self.feed(content)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        values = dict(attrs)
        self.links += [values["href"] or ""] if "href" in values else []
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"] or ""

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_data(self, data: str) -> None:
        self.text += data


def same(hostile: Page, harmless: Page, text: str) -> None:
    assert hostile.elements == harmless.elements
    assert "script" not in {tag for tag, _ in hostile.elements}
    assert not any(name.startswith("on") for _, names in hostile.elements for name in names)
    rules = dict(rule.strip().partition(" ")[::2] for rule in hostile.policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert "script-src" not in rules
    assert text in hostile.text, "it is shown as it is"


def drift_of(text: str) -> Page:
    bins = (
        Bin("category", None, None, text, now_rows=1, then_rows=2),
        Bin("range", 1.0, 2.0, None, now_rows=3, then_rows=1),
    )
    features = tuple(
        FeatureDrift(
            f"{text}{number}",
            text,
            "season",
            verdict,
            text,
            now_rows=3,
            then_rows=4,
            measures=dict.fromkeys(MEASURES, 0.5),
            limits=dict.fromkeys(MEASURES, 0.25),
            bins=bins,
        )
        for number, verdict in enumerate(("alarm", "ok", "not judged", "off"))
    )
    return Page(drift_page(DriftReport(text, text, text, text, features)))


@pytest.mark.parametrize("text", HOSTILE)
def test_the_drift_page(text: str) -> None:
    same(drift_of(text), drift_of("plain"), text)


def skew_of(text: str) -> Page:
    example = Example("wrong", text, text, 0, text, 1.5, None)
    feature = FeatureSkew(
        text, text, values=2, wrong=1, not_judged=1, reason=text, causes={"lost": 1},
        fresher={text: 1}, examples=[example],
    )  # fmt: skip
    return Page(skew_page(SkewReport(text, text, text, text, 2, 1, text, [feature])))


@pytest.mark.parametrize("text", HOSTILE)
def test_the_skew_page(text: str) -> None:
    same(skew_of(text), skew_of("plain"), text)


def gate_of(folder: Path, text: str) -> tuple[Page, Page]:
    verdicts = [(True, "", "error"), (True, text, "error"), (False, "", "error")]
    checks = [
        CheckResult(
            text, {text: text, "deep": {text: [text]}}, severity, text, success,
            reason="" if success else text, skipped=skipped, observed={text: text}, examples=[text],
        )
        for success, skipped, severity in [*verdicts, (False, "", "warn")]
    ]  # fmt: skip
    report = Report(folder)
    page = report.add(
        GateResult(text, "failed", text, failures=[text], warnings=[text], checks=checks)
    )
    assert page.parent == report.index.parent
    index = Page(report.index.read_text("utf-8"))
    [link] = index.links
    assert link.startswith(("plain.html", "%25"))
    return Page(page.read_text("utf-8")), index


@pytest.mark.parametrize("text", HOSTILE)
def test_the_pages_of_the_gate(tmp_path: Path, text: str) -> None:
    hostile = gate_of(tmp_path / "a", text)
    for page, harmless in zip(hostile, gate_of(tmp_path / "b", "plain"), strict=True):
        same(page, harmless, text)


def test_the_index_leads_to_the_runs_before(tmp_path: Path) -> None:
    """Also to those that failed; a report of another version or cut off is left out."""
    runs = []
    for status, warnings in (("failed", []), ("passed", ["x"]), ("passed", [])):
        report = Report(tmp_path)
        report.add(GateResult("a/b", status, warnings=warnings))
        runs.append(report.index.parent)
    (runs[1] / "results.json").write_text("[")
    last = Report(tmp_path)
    last.add(GateResult("a/b"))
    last.add(GateResult("new"))
    content = last.index.read_text()
    own, *before, other = Page(content).links
    assert [own, other] == ["a%252Fb.html", "new.html"]
    pages = [(last.index.parent / unquote(link)).resolve() for link in before]
    assert pages == [runs[0] / "a%2Fb.html", runs[2] / "a%2Fb.html"]
    assert all(page.is_file() for page in pages)
    assert re.findall(r'<rect class="(\w+)"', content) == ["failed", "passed"]


def test_a_hostile_view_from_the_warehouse_to_the_page(mini: Mini, fw: Fw) -> None:
    """Name, column, description, declared and found values."""
    pages = {}
    for text in ("plain", HOSTILE[0]):
        sql = text.replace("'", "''")
        mini.view(
            text,
            {
                "id": "bigint",
                "ts": "timestamp",
                text: {"data_type": "text", "description": text, "meta": {"owner": text}},
            },
            f"select 1::bigint as id, timestamp '2026-01-01' as ts, '{sql}' as \"{text}\"",
            expectations=[
                {"expect_column_values_to_be_in_set": {"column": text, "value_set": [f"{text}!"]}},
                {"expect_column_distinct_values_to_be_in_set": {"column": text, "value_set": [""]}},
                {"expect_column_values_to_match_regex": {"column": text, "regex": "^x+<b>$"}},
            ],
        )
        mini.write()
        assert fw("validate", "--as-of", "2026-01-01T12:00:00Z")[0] == 1
        [*_, run] = sorted((mini.folder / "target" / "validation").iterdir())
        files = sorted(run.glob("*.html"), key=lambda file: file.name == "index.html")
        assert len(files) == 2
        pages[text] = [Page(file.read_text("utf-8")) for file in files]
        mini.drop(text)
    for hostile, harmless in zip(pages[HOSTILE[0]], pages["plain"], strict=True):
        same(hostile, harmless, HOSTILE[0])
