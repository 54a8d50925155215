"""A real Pulumi engine for tests, and projects that nothing else on the machine shares."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from argosy_metal.budgets import ALL_DELETIONS, DELETIONS_VARIABLE

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class PulumiProject:
    """A folder with a Pulumi.yaml, and the environment in which the engine runs there."""

    folder: Path
    environment: Mapping[str, str]

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start the CLI; its standard error goes into its standard output, as on a terminal."""
        return subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive", "--color", "never"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def pulumi(self, *arguments: str, seconds: float = 120) -> "subprocess.CompletedProcess[str]":
        """Run the CLI to its end, whatever its exit code; fails the test if that takes over `seconds`."""
        with self.start(*arguments) as process:
            try:
                output, _ = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                output, _ = process.communicate()
                pytest.fail(f"pulumi {' '.join(arguments)} took over {seconds} s:\n{output}")
        return subprocess.CompletedProcess(process.args, process.returncode, output)


@dataclass(frozen=True)
class Engine:
    """The engine that engine/ensure.py chose."""

    folder: Path

    def environment(self, home: Path, path_first: Sequence[Path] = ()) -> dict[str, str]:
        """Variables for a CLI that keeps state and plugins under `home` and asks nobody on the network."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
        path = [self.folder, *path_first, Path(sys.prefix, "bin")]
        return kept | {
            "PATH": os.pathsep.join([*map(str, path), os.environ["PATH"]]),
            "VIRTUAL_ENV": sys.prefix,
            "PULUMI_HOME": str(home / "pulumi-home"),
            "PULUMI_BACKEND_URL": f"file://{home / 'state'}?create_dir=true&metadata=skip",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            # Tests take whole halls down; a person has to say so for each run.
            DELETIONS_VARIABLE: ALL_DELETIONS,
        }

    def project(self, folder: Path, home: Path) -> PulumiProject:
        """The project in `folder`, with a CLI that keeps everything of its own under `home`."""
        return PulumiProject(folder, self.environment(home))


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The engine, built first if need be: that takes minutes once, and under 2 s ever after."""
    return _ensured(os.environ["PATH"])


@pytest.fixture(scope="session")
def built_engine() -> Engine:
    """The engine that `engine/ensure.py` builds, also where the user has a CLI of their own."""
    folders = os.environ["PATH"].split(os.pathsep)
    return _ensured(os.pathsep.join(folder for folder in folders if not Path(folder, "pulumi").exists()))


def _ensured(path: str) -> Engine:
    done = subprocess.run(
        [sys.executable, str(ROOT / "engine" / "ensure.py")],
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Engine(Path(done.stdout.strip()))
