"""What machines report, and which shapes of it are kept. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from argosy_metal.lifecycle.acceptance import figures_in
from argosy_metal.lifecycle.reports import one_line
from argosy_metal.provisioning.edge import SHA256, WORD, RefusedBodyError

_NAME_OF_A_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_REPORTED: Mapping[str, re.Pattern[str]] = {
    "install_id": WORD,
    "boot_id": _NAME_OF_A_RUN,
    "image_sha256": SHA256,
    "stage": re.compile("installed"),
}
"""`stage` comes from an installer that is done and powers the server off; a system sends none."""
_NEEDED = frozenset({"install_id", "boot_id"})
_MOST_FIGURES = 1000


def report_in(body: Mapping[str, Any]) -> dict[str, str]:
    """What a machine or its installer says, `failure` as one line. Raises RefusedBodyError."""
    given = {name: body[name] for name in (*_REPORTED, "failure") if body.get(name) is not None}
    wrong = {name for name, shape in _REPORTED.items() if name in given and not _has(shape, given[name])}
    if not isinstance(given.get("failure", ""), str):
        wrong.add("failure")
    if wrong or not given.keys() >= _NEEDED:
        wanted = (
            "install_id and boot_id are needed; image_sha256, failure and stage (`installed`) are allowed"
        )
        raise RefusedBodyError(f"{wanted}{_not_as_expected(wrong)}")
    return {name: one_line(text) if name == "failure" else text for name, text in given.items()}


def acceptance_in(body: Mapping[str, Any]) -> dict[str, Any]:
    """What the tests on a machine have shown: `run` names this run of them. Raises RefusedBodyError."""
    figures = figures_in(body.get("figures"))
    shapes = {"install_id": WORD, "run": _NAME_OF_A_RUN}
    wrong = {name for name, shape in shapes.items() if not _has(shape, body.get(name))}
    if not figures or len(figures) > _MOST_FIGURES:
        wrong.add("figures")
    if wrong:
        wanted = f"install_id, run, and 1 to {_MOST_FIGURES} figures as numbers by name are needed"
        raise RefusedBodyError(f"{wanted}{_not_as_expected(wrong)}")
    return {"install_id": body["install_id"], "run": body["run"], "figures": figures}


def _has(shape: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and shape.fullmatch(value) is not None


def _not_as_expected(names: Iterable[str]) -> str:
    return "".join(f"; {name}: not as expected" for name in sorted(names))
