"""`argosy render` against small projects of its own; the real stacks are tested in tests/stacks."""

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
import typer
from typer.testing import CliRunner, Result

from argosy_component.render_command import render

PROGRAM = """
    import pulumi
    import beside

    print("a program may print")
    config = pulumi.Config("argosy")
    pin = pulumi.Output.secret("hunter2")
    rack = pulumi.ComponentResource("test:index:Rack", "r1")
    pulumi.CustomResource(
        "aws:test/server:Server",
        beside.NAME,
        {"fleet": config.require("fleet"), "scope": config.get("scope"), "pin": pin},
        pulumi.ResourceOptions(parent=rack, protect=True),
    )
"""


class World:
    """A project in a folder of its own, and the command."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.app = typer.Typer()
        self.app.command()(render)
        (root / "stacks" / "fleets").mkdir(parents=True)
        (root / "Pulumi.yaml").write_text("name: demo\nmain: stacks\n")
        (root / "stacks" / "beside.py").write_text("NAME = 's1'\n")
        self.program(PROGRAM)

    def program(self, text: str) -> None:
        (self.root / "stacks" / "__main__.py").write_text(dedent(text))

    def render(self, *arguments: str) -> Result:
        return CliRunner().invoke(self.app, arguments)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    # Modules a test's project imports must not be found again by the next one.
    monkeypatch.delitem(sys.modules, "beside", raising=False)
    monkeypatch.chdir(tmp_path)
    return World(tmp_path)


def test_json_holds_every_resource_whole_with_secrets_masked(world: World):
    result = world.render("prod", "--json")

    assert result.exit_code == 0, result.stderr
    urn = "urn:pulumi:prod::demo::"
    assert json.loads(result.stdout) == {
        "resources": [
            {
                "type": "pulumi:pulumi:Stack",
                "name": "demo-prod",
                "urn": f"{urn}pulumi:pulumi:Stack::demo-prod",
                "parent": None,
                "inputs": {},
                "options": {},
                "outputs": {},
            },
            {
                "type": "aws:test/server:Server",
                "name": "s1",
                "urn": f"{urn}test:index:Rack$aws:test/server:Server::s1",
                "parent": f"{urn}test:index:Rack::r1",
                "inputs": {"fleet": "prod", "pin": "[secret]"},
                "options": {"protect": True},
            },
            {
                "type": "test:index:Rack",
                "name": "r1",
                "urn": f"{urn}test:index:Rack::r1",
                "parent": f"{urn}pulumi:pulumi:Stack::demo-prod",
                "inputs": {},
                "options": {},
            },
        ]
    }


def test_what_a_program_prints_does_not_spoil_the_json(world: World):
    result = world.render("prod", "--json")

    assert result.stdout.startswith("{")
    assert "a program may print" in result.stderr


def test_the_tree_shows_who_belongs_to_whom(world: World):
    result = world.render("prod")

    assert result.stdout.splitlines() == [
        "pulumi:pulumi:Stack  demo-prod",
        "  test:index:Rack  r1",
        "    aws:test/server:Server  s1  (protected)",
        "3 resources",
    ]


def test_a_scope_reaches_the_program_and_names_the_stack(world: World):
    resources = json.loads(world.render("prod", "--scope", "oslo", "--json").stdout)["resources"]

    assert resources[1]["inputs"] == {"fleet": "prod", "scope": "oslo", "pin": "[secret]"}
    assert resources[0]["name"] == "demo-prod-oslo"


def test_a_fleet_files_path_works_from_anywhere(world: World, tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as elsewhere:
        elsewhere.chdir(tmp_path_factory.mktemp("elsewhere"))
        fleet = world.root / "stacks" / "fleets" / "big.yaml"
        resources = json.loads(world.render(str(fleet), "--json").stdout)["resources"]

    assert resources[1]["inputs"]["fleet"] == str(fleet)
    assert resources[0]["name"] == "demo-big"


def test_two_renders_print_the_same_bytes(world: World):
    assert world.render("prod", "--json").stdout == world.render("prod", "--json").stdout


def test_faults_of_the_fleet_file_are_listed_and_exit_with_2(world: World):
    world.program(
        """
        import pulumi
        from argosy.errors import Fault, FleetError
        faults = [Fault("prod.yaml", line, 1, "name", "'x'", "'y'", "write y") for line in (3, 9)]
        try:
            raise FleetError(faults)
        except FleetError as error:
            raise pulumi.RunError(str(error)) from error
        """
    )

    result = world.render("prod")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "prod.yaml:3:1 name: given 'x'; expected 'y'; write y",
        "prod.yaml:9:1 name: given 'x'; expected 'y'; write y",
    ]


def test_a_fleet_that_falls_short_exits_with_1(world: World):
    world.program("from argosy.errors import ArgosyError\nraise ArgosyError('4 nodes short')")

    result = world.render("prod")
    assert (result.exit_code, result.stderr) == (1, "4 nodes short\n")


def test_a_program_that_fails_is_named_with_type_message_and_line(world: World):
    world.program("import pulumi\n\npulumi.Output.from_input(1).apply(lambda n: [][n])\n")

    result = world.render("prod")
    assert result.exit_code == 1
    assert result.stderr == "stacks/__main__.py:3: IndexError: list index out of range\n"


def test_a_duplicate_resource_fails(world: World):
    world.program("import pulumi\nfor _ in 'ab':\n    pulumi.ComponentResource('test:index:Rack', 'r1')\n")

    result = world.render("prod")
    assert result.exit_code == 1
    assert (
        "DuplicateUrnError: duplicate resource URN urn:pulumi:prod::demo::test:index:Rack::r1"
        in result.stderr
    )


def test_outside_a_project_the_way_out_is_named(world: World):
    (world.root / "Pulumi.yaml").unlink()

    result = world.render("prod")
    assert result.exit_code == 2
    assert "Pulumi.yaml: given no such file here or in any folder above" in result.stderr


def test_without_the_sdk_the_extra_to_install_is_named():
    code = """
import sys
sys.modules["pulumi"] = None
import typer
from argosy_component.render_command import render
typer.run(render)
"""
    result = subprocess.run([sys.executable, "-c", code, "prod"], check=False, capture_output=True, text=True)

    assert result.returncode == 1
    assert result.stderr.startswith("render needs the Pulumi SDK: pip install 'argosy[pulumi]' (")
