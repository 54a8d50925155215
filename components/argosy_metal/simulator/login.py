"""Logging in to a simulated BMC. Source: DSP0266 "Session management"."""

from __future__ import annotations

from collections.abc import Mapping

from argosy_metal.simulator.accounts import Account
from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.replies import Json, Reply, error
from argosy_metal.simulator.resources_accounts import account_path
from argosy_metal.simulator.resources_tasks import SESSIONS, session_resource
from argosy_metal.simulator.sessions import SessionLimitError


def log_in(bmc: Bmc, headers: Mapping[str, str], body: Json, password: str) -> Reply:
    """Open a session, also for an account whose password has to be changed first."""
    for name in ("UserName", "Password"):
        if not isinstance(body.get(name), str):
            raise error(400, "PropertyMissing", name)
    account = bmc.accounts.check(body["UserName"], body["Password"], password)
    if account is None:
        raise error(401, "ResourceAtUriUnauthorized", headers={"WWW-Authenticate": 'Basic realm="Redfish"'})
    try:
        token, session = bmc.sessions.open(account.username, headers.get("User-Agent", ""), bmc.clock.real())
    except SessionLimitError:
        raise error(503, bmc.profile.busy_message, headers={"Retry-After": "30"}) from None
    path = f"{SESSIONS}/{session.id}"
    shown = session_resource(path, session)
    if account.must_change_password:
        refusal = error(403, "PasswordChangeRequired", account_path(account)).reply.body or {}
        shown["@Message.ExtendedInfo"] = refusal["error"]["@Message.ExtendedInfo"]
    return Reply(201, shown, {"Location": path, "X-Auth-Token": token})


def own_sessions(bmc: Bmc, account: Account) -> frozenset[str]:
    """The paths of an account's own sessions."""
    return frozenset(
        f"{SESSIONS}/{session.id}" for session in bmc.sessions.live() if session.username == account.username
    )
