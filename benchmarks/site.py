"""The site of the 5,000 features that *parsing* has: its build, its pages, and its search.

Search is measured in Chromium, where there is one: letter after letter is typed, and the site's
script says how long it took from a key to the list that is shown.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.parsing import ROOT, seconds_of, write_project
from benchmarks.publishing import Figure, said

__all__ = ["run"]

TYPED = ("feature of customer", "view_123", "owner:nobody", "zzz")
# The page has loaded when all is typed: scripts that are still to come hold that back, and what
# follows them needs no event.
_TYPIST = """<!doctype html><body><form class="search"><input></form>
<script src="site.js" data-root="" data-shards="SHARDS"></script>
<script>
(async () => {
  const form = document.querySelector("form"), input = form.querySelector("input"), took = [];
  const type = (text) => new Promise((done) => {
    new MutationObserver((_, observer) => {
      if (form.dataset.asked === text) { observer.disconnect(); done(); }
    }).observe(form, { attributes: true });
    input.value = text;
    input.dispatchEvent(new Event("input"));
  });
  for (const words of TEXTS) {
    for (let length = 1; length <= words.length; length++) {
      await type(words.slice(0, length));
      took.push(form.dataset.took);
    }
  }
  document.body.innerHTML = `<p>took ${took.join(" ")}</p>`;
})();
</script>"""


def run(rounds: int, package: Path = ROOT) -> Iterator[Figure]:
    """Seconds of a build, sizes of what it writes, and milliseconds of a keystroke."""
    programs = Path(sys.executable).parent
    with tempfile.TemporaryDirectory(prefix="feature-warehouse-bench-") as temporary:
        project, site = Path(temporary) / "shop", Path(temporary) / "site"
        write_project(project, package, listed=True)
        seconds_of(project, programs / "dbt", "parse")
        builds, walls = [], []
        for _ in range(rounds):
            shutil.rmtree(site, ignore_errors=True)
            began = perf_counter()
            program = programs / "feature-warehouse"
            builds.append(seconds_of(project, program, "site", "--to", str(site)))
            walls.append(perf_counter() - began)
        yield said("build", f"{median(builds):.1f} s of a processor", f"{min(walls):.1f} s at best")
        sizes = sorted((file.stat().st_size, file.name) for file in site.rglob("*.html"))
        total = sum(size for size, _ in sizes) / 1e6
        yield said("pages", f"{len(sizes):,}", f"{total:.0f} MB")
        yield said("the largest page", f"{sizes[-1][0] / 1e3:.0f} kB", sizes[-1][1])
        index = sorted((site / "search").iterdir())
        whole = sum(file.stat().st_size for file in index) / 1e6
        yield said("search index", f"{whole:.1f} MB", f"{len(index)} files")
        if chromium := shutil.which("chromium"):
            took = _keystrokes(chromium, site, len(index))
            yield said(
                "search, a keystroke",
                f"{median(took):.1f} ms",
                f"{len(took)} of them, the slowest {max(took):.0f} ms",
            )


def _keystrokes(chromium: str, site: Path, shards: int) -> list[float]:
    page = site / "typist.html"
    page.write_text(_TYPIST.replace("SHARDS", str(shards)).replace("TEXTS", str(list(TYPED))))
    done = subprocess.run(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"<p>took ([\d. ]+)</p>", done.stdout)
    if found is None:
        raise RuntimeError(f"Chromium typed nothing: {done.stdout[-300:]}")
    return [float(text) for text in found[1].split()]
