"""The page of a drift report: whole, worst first, readable on a phone and without colours."""

import re
from html.parser import HTMLParser

import pytest

from feature_warehouse.monitoring.drift_page import drift_page
from feature_warehouse.monitoring.drift_report import Bin, DriftReport, FeatureDrift

EVIL = '<script>alert("x")</script>'


def feature(name: str, verdict: str, psi: float = 0.1, *bins: Bin) -> FeatureDrift:
    return FeatureDrift(
        feature=name,
        view="a view & more",
        baseline="season" if verdict != "off" else "",
        verdict=verdict,
        reason={"alarm": f"PSI {psi} > 0.25", "off": EVIL}.get(verdict, ""),
        now_rows=1_200,
        then_rows=60_000,
        now_nulls=300,
        entities=150,
        measures={"psi": psi, "kolmogorov_smirnov": None},
        limits={"psi": 0.25, "kolmogorov_smirnov": 0.25},
        bins=bins,
        source="labels" if verdict != "off" else "",
        note="too few" if verdict == "alarm" else "",
    )


BINS = (
    Bin("range", -1.5, 3.0, None, now_rows=90, then_rows=300),
    Bin("range", 4.0, 4.0, None, now_rows=30, then_rows=100),
    Bin("category", None, None, EVIL, now_rows=0, then_rows=200),
    Bin("others", None, None, None, now_rows=15, then_rows=400),
    Bin("new", None, None, None, now_rows=15, then_rows=0),
)
REPORT = DriftReport(
    service="churn <1>",
    training_set="churn_training",
    clock="2026-03-12T00:00:00Z",
    last="7 days",
    features=(
        feature("drifted", "alarm", 0.7, *BINS),
        feature("steady", "ok"),
        feature("small", "not judged"),
        feature("counter", "off"),
    ),
)


class Page(HTMLParser):
    """Tags with their attributes, and all text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += "" if self.open[-1:] == ["style"] else data


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(drift_page(REPORT))


def test_it_is_whole_in_itself(page: Page) -> None:
    assert page.open == [], "every tag is closed"
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "img", "iframe", "object"})
    assert not any({"src", "href", "onclick"} & attrs.keys() for _, attrs in page.tags)
    assert "url(" not in drift_page(REPORT)
    assert "@import" not in drift_page(REPORT)


def test_what_data_says_is_text(page: Page) -> None:
    assert page.text.count(EVIL) == 2, "a category and a reason"
    assert "churn <1>" in page.text


def test_alarms_come_first_and_stand_open(page: Page) -> None:
    blocks = [attrs for tag, attrs in page.tags if tag == "details"]
    assert ["open" in block for block in blocks] == [True, False, False, False]
    words = [page.text.index(name) for name in ("drifted", "steady", "small", "counter")]
    assert words == sorted(words)
    assert "1 of 2 judged features drifted too far. 2 not judged." in page.text
    assert "PSI 0.7 > 0.25" in page.text
    assert "25.0 % NULL" in page.text
    assert "Now of drifted: 1,200 label rows, because too few" in page.text
    assert "Now of steady, small: 1,200 label rows\n" in page.text
    assert page.text.count("Not logged requests, because too few.") == 1
    assert page.text.count("Now 1,200 label rows, 150 entities,") == 3


def test_bars_are_the_shares(page: Page) -> None:
    widths = [
        (attrs["class"], float(re.findall(r"[\d.]+", attrs["style"] or "")[0]))
        for tag, attrs in page.tags
        if tag == "div"
    ]
    now, then = [90, 30, 0, 15, 15], [300, 100, 200, 400, 0]
    shares = [
        each
        for rows_now, rows_then in zip(now, then, strict=True)
        for each in (("bar then", rows_then / 1000), ("bar now", rows_now / 150))
    ]
    longest = max(share for _, share in shares)
    expected = [(name, round(100 * share / longest, 2)) for name, share in shares]
    assert widths == expected
    for label in ("-1.5 to 3", "4", EVIL, "other values", "new values"):
        assert label in page.text


def test_it_reads_on_a_phone_and_without_colours(page: Page) -> None:
    text = drift_page(REPORT)
    assert (
        "meta",
        {"name": "viewport", "content": "width=device-width, initial-scale=1"},
    ) in page.tags
    assert not re.search(r"width:\s*\d{3,}px", text), "nothing is wider than a phone"
    for word in ("▲ alarm", "✓ ok", "○ not judged", "○ off", "then", "now"):
        assert word in page.text
    # One of the two bars is hollow; and the colours differ in lightness from the page.
    assert re.search(r"\.now \{ background", text)
    assert not re.search(r"\.then \{[^}]*background", text)
    light, dark = re.findall(r"--then: (#\w+); --now: (#\w+)", text)
    for colours, ground in ((light, 1.0), (dark, 0.0)):
        for colour in colours:
            assert _contrast(_luminance(colour), ground) >= 3, colour


def _luminance(colour: str) -> float:
    """Relative, as WCAG 2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)
