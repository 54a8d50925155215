"""Runs DMTF's validators against a simulated BMC, and reads what they found."""

from __future__ import annotations

import asyncio
import csv
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argosy_metal.simulator.in_process import RunningSimulator

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
"""Files of others that are not copied into the project: schemas, and the profile of OpenStack Ironic."""
SCHEMAS = SHARED / "redfish-csdl.tar.xz"
IRONIC_PROFILE = SHARED / "OpenStackIronicProfile.v1_2_0.json"


@dataclass(frozen=True)
class Findings:
    """What a validator found, each as `URI PROPERTY: TEXT`, and how much it found in order."""

    fails: tuple[str, ...]
    warnings: tuple[str, ...]
    passed: int


async def judge(tool: str, simulator: RunningSimulator, host: str, folder: Path, *more: str) -> Path:
    """Run one of the validators against a BMC; gives the folder with its reports."""
    reports = folder / tool
    reports.mkdir(parents=True)
    url = f"https://127.0.0.1:{simulator.ports[host]}"
    command = [str(Path(sys.executable).parent / tool), "-r", url, "-u", simulator.username]
    # With `=`, since a password may begin with a dash.
    command += [f"--password={simulator.password}", *more]
    # `requests` prefers these to what the validators tell it.
    trust = dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), str(simulator.ca_file))
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=reports,
        env={**os.environ, **trust},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    (reports / "output.txt").write_bytes(output)
    return reports


def findings_in(reports: Path) -> Findings:
    """What the service or interop validator wrote into its log."""
    output = (reports / "output.txt").read_text()
    logs = [*reports.glob("*/Redfish*Debug*.log")]
    assert logs, output
    uri, found = "", dict[str, list[str]](FAIL=[], WARN=[])
    for line in logs[0].read_text().splitlines():
        if begun := re.search(r"Validating (/\S+?)\.\.\.", line):
            uri = begun[1]
        elif finding := re.search(r"(?:ERROR|WARNING) - (FAIL|WARN) - (\S+) \(.*?\]?\): (.*)", line):
            found[finding[1]].append(f"{uri} {finding[2]}: {finding[3]}")
    counts = [int(count) for count in re.findall(r"\|\s+(\d+)", output)]
    assert len(counts) == 4, output
    assert counts[1:3] == [len(found["WARN"]), len(found["FAIL"])], "every finding was read"
    return Findings(tuple(found["FAIL"]), tuple(sorted(found["WARN"])), counts[0])


def protocol_findings_in(reports: Path) -> tuple[dict[str, list[str]], int]:
    """Assertions that the protocol validator found broken, with its messages; and how many it found kept."""
    (table,) = reports.glob("*.tsv")
    with table.open(newline="") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file, delimiter="\t"))
    broken: dict[str, list[str]] = {}
    for row in rows:
        if row["Result"] in ("FAIL", "WARN"):
            broken.setdefault(row["Assertion"], []).append(row["Message"])
    return broken, sum(row["Result"] == "PASS" for row in rows)
