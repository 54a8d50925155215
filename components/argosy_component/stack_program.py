"""The project's own Pulumi program, run under the mock engine instead of a real one."""

import contextlib
import runpy
import sys
import traceback
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from argosy.errors import ArgosyError, Fault, FleetError
from argosy_component.mock_engine import ResourceGraph, run_program

_PROJECT_FILE = "Pulumi.yaml"


class ProgramFailedError(ArgosyError):
    """The program itself failed: type and message of the failure, and where in the project."""


@dataclass(frozen=True, slots=True)
class Project:
    """What Pulumi.yaml says: the project's name, and the folder that holds its `__main__.py`."""

    root: Path
    name: str
    program: Path


def find_project(env: str) -> Project:
    """The project of `env`: found upward from the fleet file if `env` is a path, else from here.

    Raises FleetError if there is no Pulumi.yaml.
    """
    starts = [Path(env).absolute().parent] if _is_path(env) else []
    for start in [*starts, Path.cwd()]:
        for folder in (start, *start.parents):
            if (folder / _PROJECT_FILE).is_file():
                return _read_project(folder)
    raise FleetError([_no_project()])


def declared_resources(env: str, scope: str = "") -> ResourceGraph:
    """Every resource the project's program declares for the environment or fleet file `env`.

    `scope` names the one site to declare; empty means the whole fleet. The stack is called as in a real
    `up`: after the environment, a scoped one `ENV-SCOPE`. Raises ArgosyError as the program does, and
    ProgramFailedError for any other failure.
    """
    project = find_project(env)
    name = Path(env).stem if _is_path(env) else env
    config = {"argosy:fleet": env, **({"argosy:scope": scope} if scope else {})}
    try:
        with _imports_of(project), contextlib.redirect_stdout(sys.stderr):
            return run_program(
                lambda: runpy.run_path(str(project.program), run_name="__main__"),
                project=project.name,
                stack=f"{name}-{scope}" if scope else name,
                config=config,
            )
    except Exception as failure:
        raise _reported(failure, project) from failure


def _read_project(root: Path) -> Project:
    yaml: Any = YAML(typ="safe")
    settings = yaml.load(root / _PROJECT_FILE)
    return Project(root, settings["name"], root / settings.get("main", "."))


def _is_path(env: str) -> bool:
    return "/" in env or env.endswith((".yaml", ".yml"))


@contextlib.contextmanager
def _imports_of(project: Project) -> Generator[None, None, None]:
    """What the program imports from its own folder is found, as under Pulumi's language host."""
    before = list(sys.path)
    sys.path.insert(0, str(project.program))
    try:
        yield
    finally:
        sys.path[:] = before


def _reported(failure: Exception, project: Project) -> ArgosyError:
    # The program turns an ArgosyError into pulumi.RunError, which the real engine shows as its message.
    for error in (failure, failure.__cause__):
        if isinstance(error, ArgosyError):
            return error
    place = _place(failure, project)
    message = f"{place}{type(failure).__name__}: {failure}"
    return ProgramFailedError("\n".join([message, *getattr(failure, "__notes__", [])]))


def _place(failure: Exception, project: Project) -> str:
    """`stacks/__main__.py:12: ` of the innermost line of the project's own code, if any of it took part."""
    for frame in reversed(traceback.extract_tb(failure.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(project.root) and not _is_machinery(path):
            return f"{path.relative_to(project.root)}:{frame.lineno}: "
    return ""


def _is_machinery(path: Path) -> bool:
    here = Path(__file__).parent
    own = path == Path(__file__) or here / "mock_engine" in path.parents
    return own or "site-packages" in path.parts


def _no_project() -> Fault:
    return Fault(
        file=_PROJECT_FILE,
        line=0,
        column=0,
        path="",
        given="no such file here or in any folder above",
        expected="the project's root, which holds the program to render",
        fix="run the command inside the project",
    )
