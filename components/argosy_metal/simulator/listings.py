"""Lists as some BMCs give them: in parts, or without the drives of a server that is not up yet.

Source: DSP0266 §"Next link (Members@odata.nextLink) property".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.boot import is_in_post
from argosy_metal.simulator.replies import Reply
from argosy_metal.simulator.service import Request

_LISTS = ("Members", "Drives")
_PAGE_ENTRIES = 2
_SKIP = "$skip"


def paged(request: Request, answer: Callable[[Request], Reply]) -> Reply:
    """The part of an answer that a request asks for by `$skip`, with a link to the next one."""
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    skipped = int(query.pop(_SKIP, "0"))
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    reply = answer(replace(request, query=asked))
    name = next((name for name in _LISTS if isinstance((reply.body or {}).get(name), list)), None)
    if name is None or reply.body is None:
        return reply
    entries, end = reply.body[name], skipped + _PAGE_ENTRIES
    body = reply.body | {name: entries[skipped:end]}
    if end < len(entries):
        more = "&".join(filter(None, (asked, f"{_SKIP}={end}")))
        body[f"{name}@odata.nextLink"] = f"{request.path}?{more}"
    return replace(reply, body=body)


def shows_drives(bmc: Bmc) -> bool:
    """Whether a server whose drives show late shows them by now."""
    return bmc.machine.state.power == "On" and not is_in_post(bmc)


def without_drives(reply: Reply) -> Reply:
    """The answer with an empty list of drives, if it has one."""
    if reply.body is None or "Drives" not in reply.body:
        return reply
    return replace(reply, body=reply.body | {"Drives": [], "Drives@odata.count": 0})
