"""The site in a real browser, opened from files: what is typed, clicked, read and printed.

It needs Chromium of the system, which `.ci/run` installs; where there is none these are skipped.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from feature_site.project import HOSTILE
from feature_site.reading import index, pages
from harness.mini import PROJECT

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed here")

Tab = Any
Open = Callable[..., Tab]

SCHEMES = ("light", "dark")
CONTRASTS = """() => {
  const parts = (text) => text.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const says = [...element.childNodes].some((one) => one.nodeType === 3 && one.data.trim());
    if (!says || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const isDrawn = element.namespaceURI.endsWith("svg");
    const ink = luminance(parts(isDrawn ? style.fill : style.color));
    const box = isDrawn ? element.parentElement.querySelector("rect") : null;
    const paper = luminance(box ? parts(getComputedStyle(box).fill) : ground(element));
    const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    found.push([ratio, element.outerHTML.slice(0, 80)]);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def open_tab(browser: Any) -> Iterator[Open]:
    """Opens tabs that ask for nothing but files and say nothing to the console."""
    noise: list[str] = []
    asked: list[str] = []
    contexts = []

    def tab(**options: Any) -> Tab:
        context = browser.new_context(offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: noise.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: noise.append(f"error: {error}"))
        page.on("dialog", lambda dialog: noise.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: asked.append(request.url))
        return page

    yield tab
    for context in contexts:
        context.close()
    assert noise == []
    assert {url.partition(":")[0] for url in asked} == {"file"}


def names(tab: Tab) -> list[str]:
    found: list[str] = tab.locator("[role=option] strong").all_text_contents()
    return found


def typed(tab: Tab, text: str) -> list[str]:
    """What is found when this is typed."""
    tab.locator("form.search input").fill("")
    tab.locator("form.search input").fill(text)
    tab.wait_for_function(
        "text => document.querySelector('form.search').dataset.asked === text", arg=text
    )
    return names(tab)


def test_search_by_keyboard(open_tab: Open, site: Path) -> None:
    tab = open_tab()
    tab.goto((site / PROJECT / "views/idle.html").as_uri())
    tab.keyboard.press("/")
    tab.keyboard.type("amou")
    tab.wait_for_selector("[role=option]")
    assert sorted(names(tab)) == ["Amount", "amount"]
    first, second = names(tab)
    tab.keyboard.press("ArrowDown")
    assert tab.locator("[aria-selected=true] strong").text_content() == second
    tab.keyboard.press("ArrowUp")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/features/**")
    assert tab.locator("h1").text_content() == first


def test_what_search_finds(open_tab: Open, site: Path) -> None:
    tab = open_tab()
    tab.goto((site / "index.html").as_uri())
    entries = index(site)
    assert typed(tab, "orders")[0] in ("orders", "Orders")
    assert typed(tab, "owner:ann") == ["channel"]
    assert typed(tab, "TAG:gdpr") == ["mail"]
    assert sorted(typed(tab, "kind:service")) == ["buy", "late"]
    assert typed(tab, "cents the") == ["Amount"], "all words, wherever they are"
    assert typed(tab, "onerror kind:feature-view") == [HOSTILE, "orders"], "names come first"
    assert typed(tab, "no such thing") == []
    assert "Nothing is found." in tab.locator("[role=listbox]").text_content()
    everything = typed(tab, "project:mini")
    assert len(everything) == min(30, len(entries))
    tab.keyboard.press("Escape")
    assert not tab.locator("[role=listbox]").is_visible()


def test_every_page_on_desk_and_phone(open_tab: Open, site: Path) -> None:
    """No page is wider than its window, and none says anything to the console.

    On a phone no table is wider than its panel: what is beyond the edge, nobody looks for.
    """
    hidden = """[...document.querySelectorAll(".scroll > table")]
      .some((one) => one.scrollWidth > one.parentElement.clientWidth)"""
    for width, height in ((1200, 900), (390, 844)):
        tab = open_tab(viewport={"width": width, "height": height})
        for page in pages(site):
            tab.goto(page.file.as_uri())
            wide = tab.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, (page.file, wide)
            assert width > 390 or not tab.evaluate(hidden), page.file


@pytest.mark.parametrize("scheme", SCHEMES)
def test_contrast(open_tab: Open, site: Path, scheme: str) -> None:
    """4.5 to 1 or more, as WCAG's level AA has it."""
    tab = open_tab(color_scheme=scheme)
    ground = tab.goto((site / "index.html").as_uri()) and tab.evaluate(
        "getComputedStyle(document.body).backgroundColor"
    )
    assert (ground == "rgb(255, 255, 255)") == (scheme == "light")
    for address in ("index", f"{PROJECT}/views/orders", f"{PROJECT}/features/orders/amount",
                    f"{PROJECT}/services/buy", f"{PROJECT}/features"):  # fmt: skip
        tab.goto((site / f"{address}.html").as_uri())
        found = tab.evaluate(CONTRASTS)
        assert len(found) > 20
        assert [each for each in found if each[0] < 4.5] == [], address


def test_without_javascript(open_tab: Open, site: Path) -> None:
    tab = open_tab(java_script_enabled=False)
    tab.goto((site / "index.html").as_uri())
    assert not tab.locator("form.search").is_visible()
    assert tab.get_by_text("Search needs JavaScript").is_visible()
    tab.get_by_role("link", name="Features", exact=True).click()
    tab.get_by_role("link", name="amount", exact=True).click()
    assert tab.locator("h1").text_content() == "amount"
    assert not tab.get_by_text("raw_orders", exact=True).is_visible()
    tab.get_by_text("All of it").click()
    assert tab.get_by_text("raw_orders", exact=True).is_visible()
    tab.locator("svg a").first.click()
    assert tab.locator("h1").text_content().strip().startswith("orders")


def test_keyboard_and_paper(open_tab: Open, site: Path) -> None:
    tab = open_tab()
    tab.goto((site / PROJECT / "features/orders/amount.html").as_uri())
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Skip to the content"
    tab.locator("summary", has_text="Python").focus()
    tab.keyboard.press("Enter")
    assert tab.get_by_text("from feature_warehouse import OnlineStore").is_visible()
    button = tab.locator(".copy").first
    button.click()
    tab.wait_for_function(
        "['Copied', 'Selected'].includes(document.querySelector('.copy').textContent)"
    )
    tab.emulate_media(media="print")
    assert not button.is_visible()
    assert not tab.locator("nav").first.is_visible()
    assert tab.locator("h1").is_visible()
