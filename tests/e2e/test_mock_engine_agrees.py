"""The mock engine and a real one agree on what a program declares, and on what they refuse."""

import json
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from argosy_component.mock_engine import RegisteredResource, ResourceGraph
from argosy_component.stack_program import ProgramFailedError, declared_resources

if TYPE_CHECKING:
    from conftest import Engine

PROGRAM = """
    import pulumi

    class Rack(pulumi.ComponentResource):
        def __init__(self, name, opts=None):
            super().__init__("test:index:Rack", name, {"units": 42, "share": 0.5}, opts)
            shelf = pulumi.ComponentResource(
                "test:index:Shelf", f"{name}-shelf", {"u": [1, 2]}, pulumi.ResourceOptions(parent=self)
            )
            pulumi.ComponentResource(
                "test:index:Cell", f"{name}-cell", {"pin": pulumi.Output.secret("hunter2")},
                pulumi.ResourceOptions(parent=shelf),
            )
            self.register_outputs({"shelves": 1, "door": pulumi.Output.secret("open")})

    first = Rack("r1")
    Rack("r2", pulumi.ResourceOptions(depends_on=[first], protect=True))
    pulumi.export("racks", {"count": 2})
"""

DUPLICATE = """
    import pulumi

    pulumi.ComponentResource("test:index:Rack", "r1")
    pulumi.ComponentResource("test:index:Rack", "r1")
"""

REGISTERED_TWICE = """
    import pulumi

    rack = pulumi.ComponentResource("test:index:Rack", "r1")
    rack.register_outputs({"shelves": 1})
    rack.register_outputs({"shelves": 2})
"""


def project(folder: Path, program: str) -> Path:
    (folder / "program").mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text("name: demo\nruntime: python\nmain: program\n")
    (folder / "program" / "__main__.py").write_text(dedent(program))
    return folder


def test_urns_inputs_outputs_and_protection_are_those_of_the_engines_state(
    engine: "Engine", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    real = engine.project(project(tmp_path / "project", PROGRAM), tmp_path / "home")
    assert real.pulumi("stack", "init", "prod").returncode == 0
    assert (up := real.pulumi("up", "-s", "prod", "--yes", "--skip-preview")).returncode == 0, up.stdout
    state = json.loads(real.pulumi("stack", "export", "-s", "prod").stdout)

    monkeypatch.chdir(real.folder)
    mocked = declared_resources("prod")

    assert mocked_view(mocked) == engines_view(state["deployment"]["resources"])


@pytest.mark.parametrize("program", [DUPLICATE, REGISTERED_TWICE], ids=["duplicate", "registered twice"])
def test_what_the_engine_refuses_the_mock_engine_refuses(
    engine: "Engine", tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
):
    real = engine.project(project(tmp_path / "project", program), tmp_path / "home")
    assert real.pulumi("stack", "init", "prod").returncode == 0
    assert real.pulumi("up", "-s", "prod", "--yes", "--skip-preview").returncode != 0

    monkeypatch.chdir(real.folder)
    with pytest.raises(ProgramFailedError):
        declared_resources("prod")


def mocked_view(graph: ResourceGraph) -> dict[str, Any]:
    return {resource.urn: view(resource) for resource in graph.resources}


def view(resource: RegisteredResource) -> dict[str, Any]:
    shown = resource.shown()
    return {
        "type": shown["type"],
        "parent": shown["parent"],
        "inputs": shown["inputs"],
        "outputs": shown.get("outputs", {}),
        "dependencies": shown["options"].get("dependsOn", []),
        "protect": shown["options"].get("protect", False),
    }


def engines_view(resources: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        resource["urn"]: {
            "type": resource["type"],
            "parent": resource.get("parent"),
            "inputs": masked(resource.get("inputs", {})),
            "outputs": masked(resource.get("outputs", {})),
            "dependencies": sorted(resource.get("dependencies", [])),
            "protect": resource.get("protect", False),
        }
        for resource in resources
    }


def masked(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        key: "[secret]" if isinstance(value, dict) and "ciphertext" in value else value
        for key, value in properties.items()
    }
