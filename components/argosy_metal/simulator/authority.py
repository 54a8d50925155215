"""Who is asking, and what they may do.

Source: DSP0266 "Authentication", "Privilege model", "Password management".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from argosy_metal.simulator.accounts import Account
from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.paths import ROOT
from argosy_metal.simulator.replies import error
from argosy_metal.simulator.resources_accounts import ACCOUNTS, SERVICE, account_path
from argosy_metal.simulator.resources_tasks import SESSIONS

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="Redfish"'}
_READS = ("GET", "HEAD")


def authenticate(bmc: Bmc, headers: Mapping[str, str], password: str) -> Account:
    """The account behind a token or a Basic header.

    Raises RedfishFaultError (401) if there is none.
    """
    token = headers.get("X-Auth-Token")
    if token is not None and bmc.profile.has_sessions:
        session = bmc.sessions.use(token, bmc.clock.real())
        account = bmc.accounts.named(session.username) if session else None
    else:
        username, _, given = _basic(headers).partition(":")
        account = bmc.accounts.check(username, given, password)
    if account is None:
        raise error(401, "NoValidSession", headers=_CHALLENGE)
    return account


def authorize(account: Account, method: str, path: str, *, own_sessions: frozenset[str]) -> None:
    """Let it pass.

    Raises RedfishFaultError (403) if the account may not do this.
    """
    if account.must_change_password and not _changes_password(account, method, path, own_sessions):
        raise error(403, "PasswordChangeRequired", account_path(account))
    if _needed(account, method, path, own_sessions) not in account.privileges:
        raise error(403, "InsufficientPrivilege")


def _changes_password(account: Account, method: str, path: str, own_sessions: frozenset[str]) -> bool:
    if path == account_path(account):
        return method in (*_READS, "PATCH")
    return path in own_sessions and method in (*_READS, "DELETE")


def _needed(account: Account, method: str, path: str, own_sessions: frozenset[str]) -> str:
    if path.startswith(f"{ACCOUNTS}/") and path != account_path(account):
        return "ConfigureUsers"
    if method in _READS:
        return "Login"
    if path == account_path(account) or path in own_sessions:
        return "ConfigureSelf"
    if path.startswith(SERVICE):
        return "ConfigureUsers"
    if path.startswith((f"{ROOT}/Managers", f"{ROOT}/EventService", SESSIONS)):
        return "ConfigureManager"
    return "ConfigureComponents"


def _basic(headers: Mapping[str, str]) -> str:
    scheme, _, encoded = headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
