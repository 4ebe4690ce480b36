"""Runs a race: its entrants in turn, each in a fresh process, round after round."""

import subprocess
import sys
from pathlib import Path
from statistics import median

import msgspec

from benchmarks.races import Race
from benchmarks.trial import Job, Outcome

__all__ = ["Line", "Standing", "run"]

ROOT = Path(__file__).parents[1]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One entrant: medians over the rounds, and the median of each round's ratio to the first.

    ``peak`` is in bytes, ``wrong`` the most label rows with a wrong answer in any round.
    """

    name: str
    seconds: float
    time_ratio: float
    peak: float
    peak_ratio: float
    wrong: int | None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What came out of a race; ``failed`` are those who failed or took too long."""

    workload: str
    title: str
    rounds: int
    lines: list[Line]
    failed: list[str]


def run(race: Race, rounds: int, trial: str = "benchmarks.trial") -> Standing:
    """Run all entrants ``rounds`` times, every other round in reverse order.

    ``trial`` is the module that runs a job.
    """
    first = next(iter(race.entrants))
    workload = race.entrants[first].workload
    print(f"{workload.name}: {race.title}, {rounds} rounds", end="", flush=True)
    outcomes: dict[str, list[Outcome]] = {name: [] for name in [*race.entrants, *race.sums]}
    failed: set[str] = set()
    run_job(race.entrants[first], trial)  # so that files are in memory
    for number in range(rounds):
        names = list(race.entrants)
        for name in names if number % 2 == 0 else reversed(names):
            if name in failed:
                continue
            try:
                outcomes[name].append(run_job(race.entrants[name], trial))
            except RuntimeError as error:
                failed.add(name)
                print(f"\n{name} is out: {error}")
            print(".", end="", flush=True)
        for name, parts in race.sums.items():
            if failed.intersection(parts):
                continue
            latest = [outcomes[part][-1] for part in parts]
            outcomes[name].append(
                Outcome(sum(part.seconds for part in latest), max(part.peak for part in latest))
            )
    print()
    return Standing(
        workload=workload.name,
        title=race.title,
        rounds=rounds,
        lines=[
            _line(name, outcomes[name], outcomes[first])
            for name in outcomes
            if len(outcomes[name]) == rounds
        ],
        failed=sorted(failed),
    )


def run_job(job: Job, trial: str) -> Outcome:
    """Run one job in a fresh process.

    Raises RuntimeError if it fails or takes too long.
    """
    result = subprocess.run(
        [sys.executable, "-m", trial],
        cwd=ROOT,
        input=msgspec.json.encode(job),
        capture_output=True,
        check=False,
    )
    if result.returncode:
        lines = result.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise RuntimeError(next((line for line in lines if "ERROR:" in line), lines[-1]))
    return msgspec.json.decode(result.stdout.splitlines()[-1], type=Outcome)


def _line(name: str, own: list[Outcome], first: list[Outcome]) -> Line:
    pairs = list(zip(own, first, strict=True))
    wrong = [outcome.wrong for outcome in own if outcome.wrong is not None]
    return Line(
        name=name,
        seconds=median(outcome.seconds for outcome in own),
        time_ratio=median(mine.seconds / theirs.seconds for mine, theirs in pairs),
        peak=median(outcome.peak for outcome in own),
        peak_ratio=median(mine.peak / (theirs.peak or 1) for mine, theirs in pairs),
        wrong=max(wrong, default=None),
    )
