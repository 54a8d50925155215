"""A hall's own service as the simulator plays it: images, offers to installers, and what machines report.

Offers are checked and kept as the real service does it (`argosy_metal.provisioning.installs`). What differs
is that no installer asks for them: a simulated machine has taken its user data once its system runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from argosy_metal.acceptance.defaults import load_default_tests
from argosy_metal.provisioning.edge import RefusedBodyError, bearer, is_same, json_object
from argosy_metal.provisioning.installs import GoneError, Installs, RefusedOfferError
from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.provisioning import ImageCache
from argosy_metal.simulator.replies import Reply
from argosy_metal.simulator.service import Request

LIFETIME_SECONDS = 2 * 60 * 60.0
"""How long an offer lives, in simulated time; as long as the real service's."""
_NOT_FOUND = Reply(404, {"error": "there is nothing here"})
_PHONE_HOME, _ACCEPTANCE, _INSTALLS = "/phone-home/", "/acceptance/", "/installs/"


class HallService:
    """The service of one hall."""

    def __init__(self, images: ImageCache, installs: Installs | None, token: str) -> None:
        """`token` is what offers are proved by; without `installs` none are taken."""
        self._images = images
        self._installs = installs
        self._token = token

    def answer(self, request: Request, find: Callable[[str], Bmc | None]) -> Reply:
        """Carry out one request. `find` gives a server of this hall, brought up to the present."""
        path = request.path
        if path.startswith(_INSTALLS):
            return self._offered(request, path.removeprefix(_INSTALLS))
        content = self._images.content(path)
        if content is not None:
            return Reply(200, content=content)
        for start, tell in ((_PHONE_HOME, self._heard), (_ACCEPTANCE, self._tested)):
            bmc = find(path.removeprefix(start)) if path.startswith(start) else None
            if bmc is not None:
                return tell(bmc)
        return _NOT_FOUND

    def offer_to(self, bmc: Bmc) -> dict[str, Any] | None:
        """What the server's installer was offered last, for the control service; nothing secret."""
        install = self._installs.latest_of(bmc.server.serial) if self._installs else None
        if install is None:
            return None
        return {"install_id": install.install_id, **install.offer, "user_data_taken": install.user_data_taken}

    def _offered(self, request: Request, install_id: str) -> Reply:
        if self._installs is None:
            return _NOT_FOUND
        if not is_same(bearer(request.headers.get("Authorization", "")), self._token):
            return Reply(401, {"error": "the hall's token is needed"}, {"WWW-Authenticate": "Bearer"})
        if request.method == "DELETE":
            return Reply(204) if self._installs.withdraw(install_id) else _NOT_FOUND
        if request.method != "PUT":
            return Reply(405, {"error": "only PUT and DELETE"}, {"Allow": "DELETE, PUT"})
        try:
            self._installs.offer(install_id, json_object(request.body))
        except RefusedBodyError as error:
            return Reply(400, {"error": str(error)})
        except RefusedOfferError as error:
            return Reply(409, {"error": str(error)})
        return Reply(201)

    def _heard(self, bmc: Bmc) -> Reply:
        heard = bmc.machine.state.phone_home
        if heard is None:
            return _NOT_FOUND
        if heard.failure is None and heard.install_id is not None:
            self._take(heard.install_id)
        return Reply(200, asdict(heard))

    def _take(self, install_id: str) -> None:
        install = self._installs.find(install_id) if self._installs else None
        if self._installs is None or install is None or install.user_data_taken:
            return
        try:
            self._installs.take_user_data(install)
        except GoneError:
            return

    def _tested(self, bmc: Bmc) -> Reply:
        heard = bmc.machine.state.phone_home
        if heard is None or heard.failure or heard.stage or heard.install_id is None:
            return _NOT_FOUND
        accelerators = bmc.profile.gpus if bmc.server.accelerators is None else bmc.server.accelerators
        # Tests run at every boot, so a boot names a run of them.
        return Reply(
            200,
            {"install_id": heard.install_id, "run": heard.boot_id, "figures": figures_of(accelerators)},
        )


def figures_of(accelerators: int) -> dict[str, float]:
    """What a machine in good order reports of the default tests."""
    figures: dict[str, float] = {}
    for name, test in load_default_tests().tests.items():
        threshold = test.threshold(accelerators)
        # A little better than it has to be, where more is better.
        figures[name] = threshold.value * 1.2 if threshold.rule == "least" else threshold.value
    return figures
