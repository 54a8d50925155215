"""Which Python the engine's calls mean, and what it is started with; language_host.py starts it."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROGRAM_RUNNER = Path(__file__).resolve().with_name("pulumi-language-python-exec")


class SetupError(Exception):
    """The virtual environment that the project names cannot be used; the message says what would help."""


def find_python(info: Any) -> tuple[str, dict[str, str]]:
    """The Python that a ProgramInfo asks for, and the variables that activate its environment.

    `options.virtualenv` counts from the folder of Pulumi.yaml, PulumiPolicy.yaml or PulumiPlugin.yaml.
    Without it the host's own Python is used, which has the SDK.

    Raises SetupError if that environment has no Python.
    """
    options = dict(info.options) if info.HasField("options") else {}
    name = options.get("virtualenv")
    folder = Path(info.root_directory, str(name)) if name else Path(sys.prefix)
    # Not resolved: a virtual environment's python is a link, and knows its packages by the link's place.
    python = Path(os.path.normpath(folder)) / "bin" / "python"
    if not python.exists():
        raise SetupError(
            f"the virtual environment {str(name)!r} of the project in {info.root_directory} has no {python}; "
            "make it (`make install` here), or correct runtime.options.virtualenv"
        )
    activated = {"VIRTUAL_ENV": str(python.parent.parent), "PYTHONUNBUFFERED": "1"}
    return str(python), activated


def program_arguments(request: Any, engine_address: str) -> list[str]:
    """Arguments for the SDK's program runner."""
    given = {
        "--monitor": request.monitor_address,
        "--engine": engine_address,
        "--project": request.project,
        "--root_directory": request.info.root_directory,
        "--stack": request.stack,
        "--pwd": request.pwd,
        "--dry_run": "true" if request.dryRun else "false",
        "--parallel": str(request.parallel),
        "--organization": request.organization,
    }
    flat = [part for pair in given.items() if pair[1] for part in pair]
    return ["-u", str(PROGRAM_RUNNER), *flat, request.info.entry_point or request.program, *request.args]


def plugin_arguments(request: Any) -> list[str]:
    """Arguments for Python to run a policy pack or a plugin."""
    folder = request.info.program_directory or request.program
    if request.kind == "analyzer":
        return ["-u", "-m", "pulumi.policy", *request.args, folder]
    return ["-u", folder, *request.args]


def environment(base: Mapping[str, str], activated: Mapping[str, str]) -> dict[str, str]:
    """`base` with a virtual environment activated in it."""
    path = os.pathsep.join(part for part in (f"{activated['VIRTUAL_ENV']}/bin", base.get("PATH", "")) if part)
    return (
        {key: value for key, value in base.items() if key != "PYTHONHOME"} | dict(activated) | {"PATH": path}
    )
