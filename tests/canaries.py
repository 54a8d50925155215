"""Secrets that are known when they are seen, and a search for them in whatever came out, in every form."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import psutil

_SAMPLE_SECONDS = 0.02


@dataclass(frozen=True)
class Canary:
    """One secret of one class."""

    name: str
    secret: str = field(repr=False)

    @property
    def forms(self) -> Mapping[str, tuple[bytes, ...]]:
        """What the secret looks like by form, also inside something longer."""
        raw = self.secret.encode()
        return {
            "raw": (raw,),
            "base64": tuple(sorted({*_base64(raw, b"+/"), *_base64(raw, b"-_")})),
            "URL": _different(raw, quote(self.secret, safe=""), "".join(f"%{byte:02X}" for byte in raw)),
            "JSON": _different(
                raw, json.dumps(self.secret)[1:-1], "".join(f"\\u{ord(char):04x}" for char in self.secret)
            ),
            "hex": (raw.hex().encode(), raw.hex().upper().encode()),
        }


@dataclass(frozen=True, order=True)
class Hit:
    """One canary where it was seen. Holds no secret, so that it may be shown."""

    place: str
    canary: str
    form: str


def search(place: str, content: bytes, canaries: Iterable[Canary]) -> set[Hit]:
    """Every canary in some bytes."""
    return {
        Hit(place, canary.name, form)
        for canary in canaries
        for form, looks in canary.forms.items()
        if any(look in content for look in looks)
    }


def search_folder(folder: Path, canaries: Iterable[Canary]) -> set[Hit]:
    """Every canary in the files below a folder, and in their names; the place is the path from there."""
    wanted, hits = tuple(canaries), set[Hit]()
    for path in sorted(folder.rglob("*")):
        place = str(path.relative_to(folder))
        hits |= search(f"the name of {place!r}", place.encode(), wanted) if path.name else set()
        if path.is_file() and not path.is_symlink():
            hits |= search(place, path.read_bytes(), wanted)
    return hits


def _base64(raw: bytes, marks: bytes) -> Iterator[bytes]:
    """The part that is the same whatever comes before and after, for each of the three alignments."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw, altchars=marks)
        first = (before * 8 + 5) // 6
        yield encoded[first : (before + len(raw)) * 8 // 6]


def _different(raw: bytes, *forms: str) -> tuple[bytes, ...]:
    return tuple(form.encode() for form in forms if form.encode() != raw)


class Watch:
    """Looks at the arguments and the environment of every process that is started from here meanwhile."""

    def __init__(self, canaries: Iterable[Canary], beside: Iterable[int] = ()) -> None:
        """`beside` are ids of processes that are not started from here, and are looked at too."""
        self.hits: set[Hit] = set()
        self.seen: set[str] = set()
        """Names of the processes that were looked at."""
        self._canaries = tuple(canaries)
        self._beside = tuple(beside)
        self._known: set[tuple[int, float]] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        here = psutil.Process(os.getpid())
        while not self._ended.is_set():
            for process in [*here.children(recursive=True), *self._others()]:
                self._look(process)
            self._ended.wait(_SAMPLE_SECONDS)

    def _others(self) -> Iterator[psutil.Process]:
        for pid in self._beside:
            if psutil.pid_exists(pid):
                yield psutil.Process(pid)

    def _look(self, process: psutil.Process) -> None:
        try:
            name, words = process.name(), process.cmdline()
            self.hits |= search(f"arguments of {name}", "\0".join(words).encode(), self._canaries)
            # Between fork and exec a process shows its parent's arguments: those are looked at every time.
            key = (process.pid, hash((name, *words)))
            if key in self._known or not words:
                return
            environment = "\0".join(f"{key}={value}" for key, value in process.environ().items())
            self.hits |= search(f"environment of {name}", environment.encode(), self._canaries)
        except psutil.Error:
            return
        self._known.add(key)
        self.seen.add(name)
