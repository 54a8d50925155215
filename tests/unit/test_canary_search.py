"""The search for secrets finds a planted one in every form and in every place."""

import base64
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from ..canaries import Canary, Hit, Watch, search, search_folder

SECRET = 'canary-4711/"wing"&+%'
CANARY = Canary("BMC password", SECRET)
PLANTED = {
    "raw": SECRET,
    "base64": base64.b64encode(f"argosy:{SECRET}".encode()).decode(),
    "base64 of something a byte longer": base64.b64encode(f"argosy1:{SECRET}!".encode()).decode(),
    "base64 of something two bytes longer": base64.b64encode(f"argosy12:{SECRET}?".encode()).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(f"ar:{SECRET}".encode()).decode(),
    "URL": quote(SECRET, safe=""),
    "URL, every byte": "".join(f"%{byte:02X}" for byte in SECRET.encode()),
    "JSON": json.dumps({"password": SECRET}),
    "JSON, every letter": "".join(f"\\u{ord(char):04x}" for char in SECRET),
    "hex": SECRET.encode().hex(),
    "hex in capitals": SECRET.encode().hex().upper(),
}


@pytest.mark.parametrize("form", PLANTED)
def test_a_planted_secret_is_found_in_every_form(form: str) -> None:
    (hit,) = {hit.form for hit in search("log", f"a line with {PLANTED[form]} in it".encode(), [CANARY])}

    assert form.partition(" ")[0].rstrip(",") == hit


def test_what_is_no_secret_is_not_found() -> None:
    assert set() == search("log", b"canary-4712, and canary-471", [CANARY])


@pytest.mark.parametrize(
    "place", ["state/backup.json.bak", "claims.sqlite", "tmp/deep/down/file", "a-{secret}"]
)
def test_a_planted_secret_is_found_in_files_and_in_their_names(tmp_path: Path, place: str) -> None:
    canary = Canary("token", "canary-of-the-token")
    path = tmp_path / place.format(secret=canary.secret)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\0binary\0" + (canary.secret.encode() if "{" not in place else b""))

    assert {"token"} == {hit.canary for hit in search_folder(tmp_path, [canary])}


@pytest.mark.parametrize("way", ["arguments", "environment"])
def test_a_secret_given_to_a_child_process_is_found(way: str) -> None:
    words = [sys.executable, "-c", "import time; time.sleep(30)"]
    arguments = [*words, SECRET] if way == "arguments" else words
    environment = os.environ | ({"GIVEN": SECRET} if way == "environment" else {})

    with Watch([CANARY]) as watch, subprocess.Popen(arguments, env=environment) as child:
        deadline = time.monotonic() + 20
        while not watch.hits and time.monotonic() < deadline:
            time.sleep(0.01)
        child.kill()

    (hit,) = watch.hits
    assert hit.place.startswith(f"{way} of ")


def test_a_hit_and_a_canary_show_no_secret() -> None:
    hits = search("log", SECRET.encode(), [CANARY])

    assert [Hit("log", "BMC password", "raw")] == sorted(hits)
    assert SECRET not in repr(hits) + repr(CANARY)
