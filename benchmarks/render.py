"""Times `argosy render prod --json` against a mock program written by hand, in pairs, and prints the ratio.

    .venv/bin/python benchmarks/render.py [ENV]

Both declare the same resources with the same SDKs, each in a process of its own, one after the other, so that
what the machine does besides falls on both. Exit code 1: the median ratio is over the limit.
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

LIMIT = 1.1
PAIRS = 7
HAND_WRITTEN = Path(__file__).parent / "hand_written_prod.py"


def main(env: str) -> int:
    render = [str(Path(sys.executable).with_name("argosy")), "render", env, "--json"]
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "resources.json"
        listed.write_text(run(render), encoding="utf-8")
        by_hand = [sys.executable, str(HAND_WRITTEN), str(listed)]
        compare_types(listed.read_text(encoding="utf-8"), run(by_hand))
        pairs = [(seconds(by_hand), seconds(render)) for _ in range(PAIRS)]
    ratio = statistics.median(rendered / written for written, rendered in pairs)
    show(env, pairs, ratio)
    return 0 if ratio <= LIMIT else 1


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


def show(env: str, pairs: list[tuple[float, float]], ratio: float) -> None:
    table = Table("pair", "by hand (s)", f"argosy render {env} (s)", "ratio")
    for number, (written, rendered) in enumerate(pairs, 1):
        table.add_row(str(number), f"{written:.2f}", f"{rendered:.2f}", f"{rendered / written:.2f}")
    table.add_section()
    written, rendered = (statistics.median(column) for column in zip(*pairs, strict=True))
    table.add_row("median", f"{written:.2f}", f"{rendered:.2f}", f"{ratio:.2f}")
    Console().print(table)
    print(f"median ratio {ratio:.2f}, limit {LIMIT}")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1] if len(sys.argv) > 1 else "prod"))
