"""Times `pulumi up` of a stack with and without intermediate checkpoints, in turn, and prints the ratio.

    .venv/bin/python benchmarks/checkpoints.py [RESOURCES]

The resources are components, which cost the engine nothing but their place in the state: what is measured is
the writing of the state. Local file backend; 400 resources unless given.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WITHOUT = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
PROJECT = (
    f"name: checkpoints\nruntime: {{name: python, options: {{toolchain: pip, virtualenv: {sys.prefix}}}}}\n"
)
PROGRAM = """\
import pulumi

for number in range({resources}):
    pulumi.ComponentResource("bench:index:Thing", f"thing-{{number}}", {{}})
"""


def main() -> None:
    resources = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    ensured = subprocess.run(
        [sys.executable, str(ROOT / "engine" / "ensure.py")], check=True, capture_output=True, text=True
    )
    with_them = seconds(ensured.stdout.strip(), resources, {})
    without = seconds(ensured.stdout.strip(), resources, WITHOUT)
    print(f"{resources} resources: {with_them:.1f} s with checkpoints, {without:.1f} s without")
    print(f"ratio {with_them / without:.1f}")


def seconds(engine: str, resources: int, variables: dict[str, str]) -> float:
    """How long an `up` of a new stack takes."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "Pulumi.yaml").write_text(PROJECT, encoding="utf-8")
        Path(folder, "__main__.py").write_text(PROGRAM.format(resources=resources), encoding="utf-8")
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
        environment = kept | {
            "PATH": os.pathsep.join([engine, str(Path(sys.executable).parent), os.environ["PATH"]]),
            "VIRTUAL_ENV": sys.prefix,
            "PULUMI_HOME": f"{folder}/home",
            "PULUMI_BACKEND_URL": f"file://{folder}/state?create_dir=true",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            **variables,
        }
        run(folder, environment, "stack", "init", "bench")
        started = time.monotonic()
        run(folder, environment, "up", "--yes", "--skip-preview", "--suppress-outputs")
        return time.monotonic() - started


def run(folder: str, environment: dict[str, str], *arguments: str) -> None:
    subprocess.run(
        ["pulumi", *arguments, "--non-interactive"],
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
    )


if __name__ == "__main__":
    main()
