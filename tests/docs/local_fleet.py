"""The local fleet with the settings of a how-to in place of its own."""

import re
import shutil
from pathlib import Path

FLEETS = Path(__file__).resolve().parents[2] / "stacks" / "fleets"


def local_fleet_with(settings: str, folder: Path) -> str:
    """Write it into `folder`, with `settings:` and what stands below it for hall-north's pool `train`."""
    for named in ("inventories", "prices"):
        shutil.copytree(FLEETS / named, folder / named)
    text = (FLEETS / "local.yaml").read_text(encoding="utf-8")
    bare = re.sub(r"^        settings: [&*].*\n(          .*\n)*", "", text, flags=re.MULTILINE)
    pool = "      train:\n"
    indented = "".join(f"        {line}\n" for line in settings.splitlines())
    (folder / "local.yaml").write_text(bare.replace(pool, pool + indented, 1), encoding="utf-8")
    return str(folder / "local.yaml")
