"""The pipeline: clean under actionlint and zizmor, pinned, and previewing what a change touches."""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
PIPELINE = ROOT / ".github"
ACTIONLINT = [sys.executable, str(PIPELINE / "tools" / "actionlint.py")]
ZIZMOR = [str(Path(sys.prefix, "bin", "zizmor")), "--offline", "--no-progress", "--persona=pedantic"]
WORKFLOWS = sorted(PIPELINE.glob("workflows/*.yaml"))
ACTIONS = [*WORKFLOWS, *sorted(PIPELINE.glob("actions/*/action.yaml"))]

UNSAFE = """
name: unsafe
on: pull_request_target
jobs:
  greet:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
      - run: echo "${{ github.event.pull_request.title }}"
"""


def run(*command: str, stdin: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | environment,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def read(file: Path) -> dict[str, Any]:
    return cast("dict[str, Any]", YAML(typ="safe").load(file))  # pyright: ignore[reportUnknownMemberType] - untyped


def touched(*changed: str, stacks: str = '["dev", "prod", "prod-oslo"]') -> list[str]:
    done = run(sys.executable, str(PIPELINE / "touched.py"), stacks, stdin="\n".join(changed))
    assert done.returncode == 0, done.stderr
    return cast("list[str]", json.loads(done.stdout))


@pytest.mark.xdist_group("actionlint")
def test_actionlint_finds_nothing() -> None:
    done = run(*ACTIONLINT)

    assert (0, "") == (done.returncode, done.stdout), done.stderr


@pytest.mark.xdist_group("actionlint")
def test_actionlint_finds_a_job_that_needs_none_that_is_there(tmp_path: Path) -> None:
    workflow = tmp_path / "broken.yaml"
    workflow.write_text(
        WORKFLOWS[0].read_text(encoding="utf-8").replace("runs-on:", "needs: gone\n    runs-on:")
    )

    done = run(*ACTIONLINT, str(workflow))

    assert done.returncode == 1
    assert '"gone" which does not exist' in done.stdout


def test_zizmor_finds_nothing() -> None:
    done = run(*ZIZMOR, str(PIPELINE))

    assert done.returncode == 0, done.stdout


def test_zizmor_finds_an_injection_a_loose_pin_and_a_dangerous_trigger(tmp_path: Path) -> None:
    workflow = tmp_path / ".github" / "workflows" / "unsafe.yaml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(UNSAFE, encoding="utf-8")

    done = run(*ZIZMOR, str(workflow))

    assert done.returncode != 0
    for audit in ("template-injection", "unpinned-uses", "dangerous-triggers", "excessive-permissions"):
        assert audit in done.stdout


@pytest.mark.parametrize("file", ACTIONS, ids=[file.relative_to(PIPELINE).as_posix() for file in ACTIONS])
def test_every_action_is_pinned_by_a_commit_whose_version_and_source_are_named(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    used = [(above, line) for above, line in itertools.pairwise(lines) if "uses: " in line]
    pin = re.compile(r"\s*(- )?uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")

    assert [] == [
        line
        for above, line in used
        if "uses: ./" not in line and not (pin.fullmatch(line) and "Pin " in above and "#" in above)
    ]


@pytest.mark.parametrize("file", WORKFLOWS, ids=[file.name for file in WORKFLOWS])
def test_no_workflow_grants_more_than_its_jobs_name(file: Path) -> None:
    workflow = read(file)

    assert {} == workflow["permissions"]
    for name, job in workflow["jobs"].items():
        allowed = {"contents": "read"} | ({"id-token": "write"} if "environment" in job else {})
        assert allowed == job["permissions"], name
    # Credentials are traded for the job's identity; there is no secret to leak.
    assert "secrets." not in file.read_text(encoding="utf-8")


def test_bringing_up_is_protected_ordered_and_never_cancelled() -> None:
    jobs = read(PIPELINE / "workflows" / "main.yaml")["jobs"]

    assert (["check"], ["check", "dev"]) == ([jobs["dev"]["needs"]], jobs["prod"]["needs"])
    for stack in ("dev", "prod"):
        assert stack == jobs[stack]["environment"]
        assert {"group": f"stack-{stack}", "cancel-in-progress": False} == jobs[stack]["concurrency"]


def test_a_preview_never_gets_the_environment_that_brings_up() -> None:
    job = read(PIPELINE / "workflows" / "pull-request.yaml")["jobs"]["preview"]

    assert "${{ matrix.stack }}-preview" == job["environment"]


def test_the_pipeline_runs_the_pulumi_that_the_sdk_is_pinned_to() -> None:
    steps = read(PIPELINE / "actions" / "prepare" / "action.yaml")["runs"]["steps"]
    [cli] = [step["with"]["pulumi-version"] for step in steps if "pulumi-version" in step.get("with", {})]

    assert f"pulumi=={cli}" in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("changed", "stacks"),
    [
        ("stacks/fleets/dev.yaml", ["dev"]),
        ("stacks/fleets/dev.lock.json", ["dev"]),
        ("stacks/Pulumi.dev.yaml", ["dev"]),
        ("stacks/fleets/prod.yaml", ["prod", "prod-oslo"]),
        ("stacks/Pulumi.prod-oslo.yaml", ["prod-oslo"]),
        ("stacks/fleets/local.yaml", []),
        ("stacks/fleets/inventories/oslo.yaml", ["dev", "prod", "prod-oslo"]),
        ("components/argosy_aws/site.py", ["dev", "prod", "prod-oslo"]),
        ("policies/config/prod.json", ["dev", "prod", "prod-oslo"]),
        ("requirements.lock", ["dev", "prod", "prod-oslo"]),
        ("README.md", []),
        ("tests/unit/test_naming.py", []),
    ],
)
def test_a_change_touches_the_stacks_it_can_change(changed: str, stacks: list[str]) -> None:
    assert stacks == touched(changed)


def test_stacks_that_are_not_wired_are_not_touched() -> None:
    assert [] == touched("src/argosy/cli.py", stacks="[]")


@pytest.mark.parametrize("wired", ["dev", '{"dev": 1}', "[1]", '["dev; id"]', '["dev\\nx=y"]'])
def test_a_list_of_stacks_that_is_none_is_refused(wired: str) -> None:
    done = run(sys.executable, str(PIPELINE / "touched.py"), wired)

    assert (2, "") == (done.returncode, done.stdout)
    assert "expected one JSON list of stack names" in done.stderr


@pytest.mark.parametrize("arguments", [[], ["preview"], ["destroy", "dev"]])
def test_a_stack_is_only_previewed_or_brought_up(arguments: list[str]) -> None:
    done = run(str(PIPELINE / "stack.sh"), *arguments, PULUMI_BACKEND_URL="file:///nowhere")

    assert done.returncode != 0
    assert "usage: .github/stack.sh preview|up STACK" in done.stderr


def test_a_stack_without_a_backend_of_its_own_is_refused() -> None:
    done = run(str(PIPELINE / "stack.sh"), "up", "dev", PULUMI_BACKEND_URL="")

    assert (2, "") == (done.returncode, done.stdout)
    assert "set PULUMI_BACKEND_URL" in done.stderr


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose `pulumi` and `python` note how they were called, and whose preview fails with 7."""
    home = tmp_path / "checkout"
    commands = home / ".venv" / "bin"
    commands.mkdir(parents=True)
    shutil.copytree(PIPELINE, home / ".github")
    (home / "policies" / "config").mkdir(parents=True)
    (home / "policies" / "config" / "prod.json").write_text("{}", encoding="utf-8")
    (commands / "activate").write_text(f'PATH="{commands}:$PATH"\n', encoding="utf-8")
    for name, body in {
        "pulumi": 'case "$1 $2" in "config get") echo prod ;; preview*) echo "+ created"; exit 7 ;; esac',
        "python": "true",
    }.items():
        command = commands / name
        command.write_text(f'#!/bin/sh\necho "{name} $*" >> "{home}/calls"\n{body}\n', encoding="utf-8")
        command.chmod(0o755)
    return home


def test_a_part_of_a_fleet_is_judged_by_the_fleets_own_settings_and_its_failure_is_told(
    checkout: Path,
) -> None:
    summary = checkout / "summary.md"

    done = run(
        str(checkout / ".github" / "stack.sh"),
        "preview",
        "prod-oslo",
        PULUMI_BACKEND_URL="file:///nowhere",
        GITHUB_STEP_SUMMARY=str(summary),
    )

    assert 7 == done.returncode
    calls = (checkout / "calls").read_text(encoding="utf-8").splitlines()
    assert "python -m argosy_policies.check_config policies/config/prod.json" in calls
    assert calls[-1].startswith("pulumi preview --stack prod-oslo --policy-pack policies ")
    assert calls[-1].endswith("--diff --policy-pack-config policies/config/prod.json")
    assert "### preview prod-oslo: exit code 7\n\n    + created\n" == summary.read_text(encoding="utf-8")


def test_settings_that_configure_nothing_stop_the_run(checkout: Path) -> None:
    (checkout / ".venv" / "bin" / "python").write_text("#!/bin/sh\nexit 2\n", encoding="utf-8")

    done = run(str(checkout / ".github" / "stack.sh"), "up", "prod", PULUMI_BACKEND_URL="file:///nowhere")

    assert 2 == done.returncode
    assert "pulumi up" not in (checkout / "calls").read_text(encoding="utf-8")
