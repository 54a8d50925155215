"""The session of `write-a-fleet-file.md` runs as it is printed: a small hall planned, up, and down again."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from argosy_metal.simulator import stop

from ..claims_files import claims_in
from .test_docs import FLEETS, ROOT, blocks, write_inventories

PAGE = "docs/how-to/write-a-fleet-file.md"


def session() -> str:
    """The block that brings the page's hall up and down."""
    (text,) = [text for page, text in blocks("") if page == PAGE and text.startswith("argosy plan basement")]
    return text


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project with the page's files in place, and this interpreter's environment as its own."""
    text = (ROOT / "Pulumi.yaml").read_text(encoding="utf-8")
    (tmp_path / "Pulumi.yaml").write_text(text.replace(": components", f": {ROOT}/components"))
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy2(ROOT / name, tmp_path)
    for name in ("engine", "stacks"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    fleets = tmp_path / "stacks" / "fleets"
    (fleet,) = [text for page, text in FLEETS if page == PAGE and "\nname: basement\n" in text]
    (fleets / "basement.yaml").write_text(fleet, encoding="utf-8")
    write_inventories(PAGE, tmp_path / "shown")
    shutil.copy(tmp_path / "shown" / "basement.yaml", fleets / "inventories")
    return tmp_path


def test_the_commands_of_the_hall_run_as_they_are_printed(project: Path) -> None:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
    environment = kept | {
        "PATH": os.pathsep.join([str(Path(sys.prefix, "bin")), os.environ["PATH"]]),
        "MAKEFLAGS": "--old-file=.venv/.installed",
        "PULUMI_SKIP_CONFIRMATIONS": "true",
    }
    try:
        done = subprocess.run(
            ["bash", "-euxc", session()],
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=240,
        )
    finally:
        stop(project / ".argosy" / "basement" / "simulator")

    assert 0 == done.returncode, done.stdout
    assert "2 of 2 running, 1 spare held" in done.stdout
    assert () == claims_in(project / ".argosy" / "basement" / "claims.sqlite")
