"""What the pages say, beside a plain reading of the manifest, and what they never say."""

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from feature_site.project import HOSTILE, NOW, SECRET, VIEWS, made, read
from feature_site.reading import Page, index, page_of, pages
from feature_warehouse.catalog.samples import curl_for
from feature_warehouse.declarations.model import Column
from feature_warehouse.errors import UsageError
from feature_warehouse.server.requests import Read, decoded
from feature_warehouse.site.build import Built, build_site
from feature_warehouse.site.names import slug
from feature_warehouse.site.read import read_project
from harness.mini import PROJECT, Mini


def declared(shop: Mini) -> dict[str, dict[str, Any]]:
    """The views of the manifest, as JSON has them."""
    content = json.loads((shop.folder / "target/manifest.json").read_text())
    nodes = content["nodes"].values()
    return {n["name"]: n for n in nodes if "feature_view" in n.get("config", {}).get("meta", {})}


def test_every_link_leads_to_a_page_of_the_site(site: Path) -> None:
    assert len(pages(site)) > 20
    for page in pages(site):
        for link in page.links:
            if link == "https://x.example":
                continue
            target = page.target(link)
            assert target.is_file(), (page.file, link)
            assert site.resolve() in target.parents, (page.file, link)


def test_search_and_lists_lead_to_every_page(site: Path) -> None:
    found = {site / entry[5] for entry in index(site)}
    about = {page.file for page in pages(site) if page.file.parent not in (site, site / PROJECT)}
    assert found == about
    reached, border = set[Path](), {site / "index.html"}
    while border:
        reached |= border
        linked = {
            page.target(link)
            for page in map(Page, border)
            for link in page.links
            if link.partition("#")[0].endswith(".html")
        }
        border = {file for file in linked if file not in reached}
    assert reached == {page.file for page in pages(site)}


def test_nothing_of_the_project_becomes_markup(site: Path, harmless: Path) -> None:
    """The pages of two projects that differ in names alone have the same elements."""
    shapes = [sorted(map(str, (page.shape for page in pages(each)))) for each in (site, harmless)]
    assert shapes[0] == shapes[1]
    for page in pages(site):
        policies = [v["content"] for _, v in page.elements if v.get("http-equiv")]
        assert policies == [
            "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none';"
            " form-action 'none'"
        ]
        scripts = [values["src"] for tag, values in page.elements if tag == "script"]
        assert [Path(str(src)).name for src in scripts] == ["site.js"]
        assert "style" not in {name for _, values in page.elements for name in values}
    assert not any("<" in file.read_text() for file in (site / "search").iterdir())
    hostile = page_of(site, "feature", HOSTILE, HOSTILE)
    assert hostile.text.count(" ".join(HOSTILE.split())) >= 5


def test_names_never_meet_on_any_file_system(site: Path) -> None:
    files = [str(file.relative_to(site)) for file in site.rglob("*")]
    assert len({file.lower() for file in files}) == len(files)
    for file in files:
        for part in Path(file).parts:
            assert part.split(".")[0] not in ("con", "nul", "aux", "prn")
            assert not part.endswith((".", " "))
            assert part.isascii()
            assert not set(part) & set('<>:"\\|?*%#&')
            assert len(part) < 100
    names = ["a", "A", "a~b", "con", "con.x", "ä", "", ".", "..", "a/b", "a.", "x" * 300, "\ud800"]
    assert len({slug(name).lower() for name in names}) == len(names)
    assert slug("orders.v2") == "orders.v2"


def test_a_feature_says_what_the_manifest_says(site: Path, shop: Mini) -> None:
    views = declared(shop)
    for view, columns in VIEWS.items():
        for name in columns:
            column = views[view]["columns"][name]
            page = page_of(site, "feature", name, view)
            assert column["data_type"] in page.text
            assert column.get("description", "").replace("`", "") in page.text
            assert column.get("meta", {}).get("owner", "nobody is named") in page.text
            assert ("personal data" in page.text) == column.get("meta", {}).get("pii", False)
    text = page_of(site, "feature", "amount", "orders").text
    for said in (
        "buy as o_amount", "late as amount", "buy_training", "The shop", "Bo <bo@example.com>",
        "5 equal, 2 missing, 1 stale, 2 wrong", "1 d", "not_null amount ✗ failed 3 rows",
        "PSI 0.5 > 0.25", "select * from raw --",
    ):  # fmt: skip
        assert said in text, said
    assert "no service" in page_of(site, "feature", "score", "idle").text
    assert "Default web" in page_of(site, "feature", "channel", "orders").text


def test_other_pages_say_what_the_manifest_says(site: Path) -> None:
    view = page_of(site, "feature view", "orders").text
    for said in ("online", "1 d", "raw_orders", "unique_feature_rows ! warning",
                 "failed", "mail", "42", "the last 2 runs"):  # fmt: skip
        assert said in view, said
    service = page_of(site, "service", "late").text
    assert service.index("amount decimal(10,2)") < service.index("mail personal data text")
    assert "not published" in service
    assert "published" in page_of(site, "service", "buy").text
    entity = page_of(site, "entity", "id").text
    assert "Whose order." in entity
    for name in (*VIEWS, "buy", "late"):
        assert name in entity
    training_set = page_of(site, "training set", "buy_training").text
    for said in (
        "o_amount",
        "labels",
        "The shop",
        "training-set export buy_training",
        "1,234 rows",
        "1,000 with a label",
        "the card is of old",
        "as_of x",
        "12.5 %",
        "Owner Kim",
    ):
        assert said in training_set
    evil = page_of(site, "feature view", "idle")
    assert not [link for link in evil.links if "javascript" in link]


def test_the_request_to_copy_is_one_that_the_server_takes() -> None:
    keys = {
        name: Column(name, kind)
        for name, kind in (
            ("it's", "text"),
            ("n", "bigint"),
            ("at", "timestamptz"),
            ("b", "boolean"),
        )
    }
    sample = curl_for('a/b "c"', keys, "0123456789abcdef")
    program, address, *rest = shlex.split(sample.replace("\\\n", " "))
    assert (program, address) == ("curl", "$FEATURE_SERVER/v1/services/a%2Fb%20%22c%22")
    assert "Content-Type: application/json" in rest
    asked = decoded(rest[rest.index("--data") + 1].encode(), Read)
    assert asked.expect == "0123456789abcdef"
    assert asked.entities == [{"it's": "...", "n": 1, "at": "1970-01-01T00:00:00Z", "b": True}]


def test_what_is_unhealthy_comes_first(built: Built, site: Path) -> None:
    found = [(one.severity, one.what, one.name) for one in built.problems]
    assert found == [
        ("bad", "drift alarm", "orders:amount"),
        ("bad", "gate failed", "orders"),
        ("bad", "served wrong", "orders:amount"),
        ("bad", "source stale", "orders"),
        ("bad", "stale", "orders"),
        ("bad", "test failed", "orders:amount"),
        ("warn", "not published", HOSTILE),
        ("warn", "test warning", "orders"),
    ]
    home = Page(site / "index.html").text
    assert home.index("stale") < home.index("test warning") < home.index("4 views")
    assert "broken.json could not be read" in home
    assert "newest event 2 d old, ttl 1 d" in home
    marked = {entry[0]: entry[6] for entry in index(site) if entry[6]}
    assert marked == {"orders": 2, "amount": 2, HOSTILE: 1}


def test_values_of_personal_data_are_nowhere(site: Path) -> None:
    """In statistics, drift reports and gate reports that were written before it was flagged."""
    texts = {file: file.read_text() for file in site.rglob("*.*") if file.is_file()}
    assert [file for file, text in texts.items() if SECRET in text] == []
    mail = page_of(site, "feature", "mail", "orders").text
    assert "30.0 % NULL" in mail
    assert "phone" not in mail
    assert "different values" not in mail
    assert "buy ✓ ok" in mail
    assert "0.500" not in mail, "no measure of what it holds"
    assert "0.500" in page_of(site, "feature", "amount", "orders").text
    channel = page_of(site, "feature", "channel", "orders").text
    assert "shop" in channel
    assert "rarely" not in channel, "what few have is theirs"
    assert not [file for file, text in texts.items() if "123456.78" in text], "no example of a row"


def test_statistics_are_those_of_the_warehouse(shop: Mini, site: Path) -> None:
    history = read(shop).measured.statistics["orders", "amount"]
    assert [one.mean for one in history] == [1.5, 2.5, 3.5]
    assert [one.nulls for one in history] == [10, 20, 30]
    assert [one.p50 for one in history] == [1.75, 2.75, 3.75]
    assert history[-1].histogram == (3,) * 19 + (0,)
    text = page_of(site, "feature", "amount", "orders").text
    for said in ("100 entities", "30.0 % NULL", "3.75 median", "3.5 mean", "1 to 9", "3 runs"):
        assert said in text, said


def test_without_measurements_nothing_is_claimed(shop: Mini, tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    manifest = Path(shutil.copy(shop.folder / "target/manifest.json", tmp_path / "target"))
    built = build_site([read_project(manifest, NOW)], tmp_path / "site")
    assert built.problems == ()
    text = Page(built.index).text
    assert "Nothing needs a look" not in text


def test_a_later_build_removes_what_is_gone(tmp_path: Path) -> None:
    mini = made(tmp_path / "shop", "plain")
    first = build_site([read(mini, measured=False)], tmp_path / "site").index.parent
    own = first / "robots.txt"
    own.write_text("mine")
    before = {file for file in first.rglob("*") if file.is_file()}
    files = {file: file.stat().st_ino for file in before}
    build_site([read(mini, measured=False)], first)
    assert {file: file.stat().st_ino for file in before} == files, "what is the same stays"
    mini.drop("idle")
    mini.write()
    build_site([read(mini, measured=False)], first)
    gone = before - set(first.rglob("*"))
    assert {str(file.relative_to(first / PROJECT)) for file in gone} == {
        "views/idle.html", "features/idle/score.html",
    }  # fmt: skip
    assert own.exists()
    assert not (first / PROJECT / "features/idle").exists()
    with pytest.raises(UsageError, match="holds files and no site"):
        build_site([read(mini, measured=False)], mini.folder)


def test_several_projects(shop: Mini, tmp_path: Path) -> None:
    first = read(shop, measured=False)
    with pytest.raises(UsageError, match="'mini' is named twice"):
        build_site([first, first], tmp_path)
    registry = msgspec.structs.replace(first.registry, project="second")
    other = msgspec.structs.replace(first, registry=registry)
    site = build_site([first, other], tmp_path).index.parent
    assert {entry[5].partition("/")[0] for entry in index(site)} == {"mini", "second"}
    for page in pages(site):
        for link in page.links:
            assert link == "https://x.example" or page.target(link).is_file()
