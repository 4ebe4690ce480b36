"""Results as Markdown tables, and growth as a picture."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Standing

__all__ = ["draw_growth", "table"]


def table(standing: Standing) -> str:
    """One race as a Markdown table; ratios are to its first line."""
    rows = [
        ["", "seconds", "ratio", "peak GB", "ratio", "wrong rows"],
        ["---", "---:", "---:", "---:", "---:", "---:"],
    ]
    rows += [
        [
            line.name,
            f"{line.seconds:.2f}",
            f"{line.time_ratio:.2f}",
            f"{line.peak / 1e9:.2f}" if line.peak else "",
            f"{line.peak_ratio:.2f}" if line.peak else "",
            "" if line.wrong is None else f"{line.wrong:,}",
        ]
        for line in standing.lines
    ]
    rows += [[name, "failed", "", "", "", ""] for name in standing.failed]
    width = max(len(row[0]) for row in rows)
    return "\n".join(f"| {row[0]:{width}} | {' | '.join(row[1:])} |" for row in rows) + "\n"


def draw_growth(
    standings: Sequence[Standing], sizes: Sequence[float], file: Path, unit: str
) -> None:
    """Draw time and memory of each entrant over the size of the data, which is counted in units."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams |= {"svg.hashsalt": "growth", "svg.fonttype": "none"}
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    names = [line.name for line in standings[0].lines]
    for position, name in enumerate(names):
        lines = [standing.lines[position] for standing in standings]
        axes[0].plot(sizes, [line.seconds for line in lines], marker="o", label=name)
        axes[1].plot(sizes, [line.peak / 1e9 for line in lines], marker="o", label=name)
    for axis, title in zip(axes, ("seconds", "peak memory, GB"), strict=True):
        axis.set_title(title, loc="left", fontsize=10)
        axis.set_xlabel(unit)
        axis.set_xscale("log", base=2)
        axis.set_yscale("log", base=2)
        axis.set_xticks(sizes, [f"{size:g}" for size in sizes])
        axis.yaxis.set_major_formatter("{x:g}")
        axis.grid(alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].legend(frameon=False, fontsize=9)
    figure.savefig(file, metadata={"Date": None})
