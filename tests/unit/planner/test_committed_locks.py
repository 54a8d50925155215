"""The locks in the repository are what the planner writes for the fleets beside them, on any machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from argosy.catalog import load_catalog
from argosy.planner.lock import load_lock
from argosy.planner.verify import verify_plan
from argosy.spec.loader import load_spec

ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENTS = ["dev", "local", "prod"]

PLAN_AFRESH = """
import sys
from argosy.catalog import load_catalog
from argosy.planner.lock import render_lock
from argosy.planner.plan import plan_capacity
from argosy.spec.loader import load_spec
sys.stdout.reconfigure(encoding="utf-8")
for env in sys.argv[1:]:
    sys.stdout.write(render_lock(plan_capacity(load_spec(env), load_catalog(), None)))
"""


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_a_committed_lock_is_proven(env: str) -> None:
    fleet = load_spec(env, start=ROOT)

    verify_plan(fleet, load_lock(fleet), load_catalog())


@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_the_same_lock_comes_out_whatever_the_hash_seed(seed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PLAN_AFRESH, *ENVIRONMENTS],
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed},
        check=True,
    )
    committed = [(ROOT / "stacks" / "fleets" / f"{env}.lock.json").read_bytes() for env in ENVIRONMENTS]

    assert b"".join(committed) == done.stdout
