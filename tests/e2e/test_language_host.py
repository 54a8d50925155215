"""The small Python language host, driven by a real engine."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Engine, PulumiProject

COMPONENT = """
import pulumi

class Hall(pulumi.ComponentResource):
    def __init__(self, name, nodes):
        super().__init__("test:index:Hall", name)
        self.register_outputs({"nodes": nodes})
"""

POLICY_PACK = """
from pulumi_policy import EnforcementLevel, PolicyPack, StackValidationPolicy

def enough_nodes(stack, report):
    for resource in stack.resources:
        if resource.resource_type == "test:index:Hall" and resource.props["nodes"] < 5:
            report(f"found {resource.props['nodes']:.0f} nodes, add some", resource.urn)

PolicyPack("halls", policies=[
    StackValidationPolicy("enough-nodes", "A hall has five nodes.", enough_nodes, EnforcementLevel.MANDATORY),
])
"""

PROVIDER = """
import sys
from typing import TypedDict
import pulumi
from pulumi.provider.experimental import component_provider_host

class RackArgs(TypedDict):
    slots: pulumi.Input[int]

class Rack(pulumi.ComponentResource):
    python: pulumi.Output[str]

    def __init__(self, name: str, args: RackArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("racks:index:Rack", name, {}, opts)
        self.python = pulumi.Output.from_input(sys.prefix)
        self.register_outputs({"python": self.python})

component_provider_host([Rack], "racks")
"""

WAITING = """
import json, os, pathlib, time
pids = pathlib.Path("pids.json")
pids.with_suffix(".new").write_text(json.dumps({"host": os.getppid(), "program": os.getpid()}))
pids.with_suffix(".new").replace(pids)
time.sleep(300)
"""


@dataclass(frozen=True)
class World:
    """A project whose program and files a test writes."""

    project: "PulumiProject"

    def write(self, **files: str) -> None:
        for name, text in files.items():
            path = self.project.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def started_processes(self) -> dict[str, int]:
        """Process ids of the host and of a program that waits, once it runs."""
        return json.loads(_await(lambda: (self.project.folder / "pids.json").read_text(encoding="utf-8")))


def runtime(virtualenv: str = sys.prefix) -> dict[str, Any]:
    return {"name": "python", "options": {"toolchain": "pip", "virtualenv": virtualenv}}


@pytest.fixture
def world(built_engine: "Engine", tmp_path: Path) -> World:
    folder = tmp_path / "project"
    folder.mkdir()
    world = World(built_engine.project(folder, tmp_path))
    world.write(**{"Pulumi.yaml": json.dumps({"name": "test", "runtime": runtime()})})
    world.project.pulumi("stack", "init", "local")
    return world


def test_a_program_gets_its_configuration_and_its_outputs_reach_the_state(world: World) -> None:
    world.write(
        **{
            "__main__.py": "import pulumi, sys\n"
            "pulumi.export('nodes', pulumi.Config().require_int('nodes'))\n"
            "pulumi.export('command', ' '.join(sys.orig_argv))\n"
            "pulumi.export('token', pulumi.Config().require_secret('token'))\n"
        }
    )
    world.project.pulumi("config", "set", "nodes", "16")
    world.project.pulumi("config", "set", "--secret", "token", "hidden-value")

    done = world.project.pulumi("up", "--yes", "--skip-preview")

    assert 0 == done.returncode, done.stdout
    assert "hidden-value" not in done.stdout  # not in the program's arguments either
    outputs = json.loads(world.project.pulumi("stack", "output", "--json").stdout)
    assert (16, "[secret]") == (outputs["nodes"], outputs["token"])
    assert "--monitor" in outputs["command"]


def test_a_second_run_sees_nothing_to_change(world: World) -> None:
    world.write(**{"__main__.py": f"{COMPONENT}\nHall('north', 4)\n"})
    assert 0 == world.project.pulumi("up", "--yes", "--skip-preview").returncode

    done = world.project.pulumi("preview", "--expect-no-changes")

    assert 0 == done.returncode, done.stdout


def test_the_virtual_environment_counts_from_the_project_and_not_from_the_program(world: World) -> None:
    (world.project.folder / "environment").symlink_to(sys.prefix)
    description = {"name": "test", "main": "program", "runtime": runtime("environment")}
    world.write(
        **{
            "Pulumi.yaml": json.dumps(description),
            "program/__main__.py": "import os, pulumi\npulumi.export('seen', os.environ['VIRTUAL_ENV'])\n",
        }
    )

    done = world.project.pulumi("up", "--yes", "--skip-preview")

    assert 0 == done.returncode, done.stdout
    outputs = json.loads(world.project.pulumi("stack", "output", "--json").stdout)
    assert {"seen": str(world.project.folder / "environment")} == outputs


def test_a_missing_virtual_environment_is_named_with_what_would_help(world: World) -> None:
    description = {"name": "test", "runtime": runtime("absent")}
    world.write(**{"Pulumi.yaml": json.dumps(description), "__main__.py": ""})

    done = world.project.pulumi("preview")

    assert done.returncode != 0
    assert f"has no {world.project.folder / 'absent/bin/python'}" in done.stdout
    assert "make install" in done.stdout


def test_an_error_of_the_program_is_explained_once_and_fails_the_run(world: World) -> None:
    world.write(**{"__main__.py": "raise ValueError('broken on purpose')\n"})

    done = world.project.pulumi("preview")

    assert done.returncode != 0
    assert 1 == done.stdout.count("ValueError: broken on purpose")
    assert "exit code" not in done.stdout


def test_a_program_that_ends_with_a_code_of_its_own_fails_the_run(world: World) -> None:
    world.write(**{"__main__.py": "raise SystemExit(3)\n"})

    done = world.project.pulumi("preview")

    assert done.returncode != 0
    assert "the program ended with exit code 3" in done.stdout


def test_a_policy_pack_runs_from_its_own_folder_and_its_violation_fails_the_run(world: World) -> None:
    world.write(
        **{
            "__main__.py": f"{COMPONENT}\nHall('north', 4)\n",
            "pack/PulumiPolicy.yaml": json.dumps({"runtime": runtime()}),
            "pack/__main__.py": POLICY_PACK,
        }
    )

    done = world.project.pulumi("preview", "--policy-pack", "pack")

    assert done.returncode != 0
    assert "enough-nodes" in done.stdout
    assert "found 4 nodes, add some" in done.stdout


def test_a_provider_that_is_a_folder_of_python_runs(world: World) -> None:
    plugins = {"providers": [{"name": "racks", "path": "racks"}]}
    program = (
        "import pulumi\n"
        "class Rack(pulumi.ComponentResource):\n"
        "    python: pulumi.Output[str]\n"
        "rack = Rack('racks:index:Rack', 'r1', {'slots': 4, 'python': None}, remote=True)\n"
        "pulumi.export('python', rack.python)\n"
    )
    world.write(
        **{
            "Pulumi.yaml": json.dumps({"name": "test", "runtime": runtime(), "plugins": plugins}),
            "__main__.py": program,
            "racks/PulumiPlugin.yaml": json.dumps({"runtime": runtime()}),
            "racks/__main__.py": PROVIDER,
        }
    )

    done = world.project.pulumi("up", "--yes", "--skip-preview")

    assert 0 == done.returncode, done.stdout
    outputs = json.loads(world.project.pulumi("stack", "output", "--json").stdout)
    assert {"python": sys.prefix} == outputs


def test_host_and_program_end_when_the_cli_is_killed(world: World) -> None:
    world.write(**{"__main__.py": WAITING})
    with world.project.start("preview") as cli:
        processes = world.started_processes()
        os.kill(cli.pid, signal.SIGKILL)

    _await(lambda: not any(map(_runs, processes.values())) or None, seconds=3)


def test_the_program_ends_when_the_host_is_killed(world: World) -> None:
    world.write(**{"__main__.py": WAITING})
    with world.project.start("preview") as cli:
        processes = world.started_processes()
        os.kill(processes["host"], signal.SIGKILL)
        _await(lambda: not _runs(processes["program"]) or None, seconds=3)
        cli.communicate(timeout=30)

    assert cli.returncode != 0


def test_an_interrupted_run_leaves_no_process_and_shows_no_traceback(world: World) -> None:
    world.write(**{"__main__.py": WAITING})
    with world.project.start("preview") as cli:
        processes = world.started_processes()
        cli.send_signal(signal.SIGINT)
        output, _ = cli.communicate(timeout=30)

    assert cli.returncode != 0
    assert "Traceback" not in output
    _await(lambda: not any(map(_runs, processes.values())) or None, seconds=3)


def test_the_start_script_says_what_is_missing_where_no_python_has_the_sdk(tmp_path: Path) -> None:
    script = Path(__file__).resolve().parents[2] / "engine" / "pulumi-language-python"

    done = subprocess.run(
        [script, "127.0.0.1:1"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "VIRTUAL_ENV": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert 1 == done.returncode
    assert "no Python with the package pulumi" in done.stderr
    assert "make install" in done.stderr


def _runs(pid: int) -> bool:
    """Whether the process runs; one that nobody has reaped yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def _await(look: Callable[[], Any], seconds: float = 30) -> Any:
    """What `look` returns once it returns something and does not miss its file."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            found = look()
        except FileNotFoundError:
            found = None
        if found is not None:
            return found
        time.sleep(0.02)
    raise AssertionError(f"still waiting after {seconds} s")
