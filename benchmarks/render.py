"""Times `argosy render ENV --json` against a mock program written by hand, in turn, and prints the ratios.

    .venv/bin/python benchmarks/render.py [ENV…]

Left out, the fleets are prod and one with every kind of AWS capacity. All declare the same resources with the
same SDKs, each in a process of its own, so that what the machine does besides falls on all.

Ours pauses Python's search for garbage while it declares, as the stack's program does. The program by hand is
timed as Python runs any program, which the limit is about, and with that pause too: what is left then is what
reading, checking and proving the fleet costs. Exit code 1: the median ratio is over the limit.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

LIMIT = 1.05
FLEETS = ("prod", "tests/fixtures/fleets/every-aws-capacity.yaml")
ROUNDS = 7
HAND_WRITTEN = Path(__file__).parent / "hand_written_prod.py"


def measure(env: str) -> bool:
    """Whether the median ratio is within the limit."""
    render = [str(Path(sys.executable).with_name("argosy")), "render", env, "--json"]
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "resources.json"
        listed.write_text(run(render), encoding="utf-8")
        by_hand = [sys.executable, str(HAND_WRITTEN), str(listed)]
        compare_types(listed.read_text(encoding="utf-8"), run(by_hand))
        rounds = [
            (seconds(by_hand), seconds([*by_hand, "--garbage-unsought"]), seconds(render))
            for _ in range(ROUNDS)
        ]
    ratio = statistics.median(rendered / written for written, _, rendered in rounds)
    paused = statistics.median(rendered / written for _, written, rendered in rounds)
    show(env, rounds, ratio, paused)
    return ratio <= LIMIT


def run(command: list[str]) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    run(command)
    return time.perf_counter() - start


def compare_types(rendered: str, written: str) -> None:
    """Refuse to compare programs that do not declare the same number of resources of every type."""
    counts = [
        Counter(resource["type"] for resource in json.loads(text)["resources"])
        for text in (rendered, written)
    ]
    for count in counts:
        count.pop("pulumi:pulumi:Stack", None)
    if counts[0] != counts[1]:
        raise SystemExit(f"not the same resources: {counts[0] - counts[1]} against {counts[1] - counts[0]}")
    print(f"{counts[0].total()} resources of {len(counts[0])} types")


def show(env: str, rounds: list[tuple[float, float, float]], ratio: float, paused: float) -> None:
    table = Table(title=f"seconds to declare {env}")
    for column in ("round", "by hand", "by hand, paused", "argosy render"):
        table.add_column(column)
    for number, times in enumerate(rounds, 1):
        table.add_row(str(number), *(f"{time:.2f}" for time in times))
    table.add_section()
    medians = (statistics.median(column) for column in zip(*rounds, strict=True))
    table.add_row("median", *(f"{median:.2f}" for median in medians))
    Console().print(table)
    print(f"median ratio {ratio:.2f}, limit {LIMIT}; to a program by hand with the same pause {paused:.2f}")


if __name__ == "__main__":
    results = [measure(fleet) for fleet in sys.argv[1:] or FLEETS]
    raise SystemExit(0 if all(results) else 1)
