"""The account service as Redfish resources, and what may be written there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from argosy_metal.simulator.accounts import MAX_PASSWORD, MIN_PASSWORD, ROLES, Account
from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.replies import Json, Reply, collection, error

SERVICE = "/redfish/v1/AccountService"
ACCOUNTS = f"{SERVICE}/Accounts"
_ROLES = f"{SERVICE}/Roles"
_NEW = ("UserName", "Password", "RoleId")
_WRITABLE = ("UserName", "Password", "RoleId", "Enabled", "PasswordChangeRequired")
Build = Callable[[], Json]


def account_resources(bmc: Bmc) -> dict[str, Build]:
    """Service, accounts and roles."""
    accounts = bmc.accounts.all()
    found: dict[str, Build] = {
        SERVICE: _service,
        ACCOUNTS: lambda: collection(
            ACCOUNTS, "ManagerAccount", (f"{ACCOUNTS}/{one.id}" for one in accounts)
        ),
        _ROLES: lambda: collection(_ROLES, "Role", (f"{_ROLES}/{role}" for role in ROLES)),
    }
    for account in accounts:
        found[f"{ACCOUNTS}/{account.id}"] = lambda account=account: _account(account)
    for role in ROLES:
        found[f"{_ROLES}/{role}"] = lambda role=role: _role(role)
    return found


def account_path(account: Account) -> str:
    """Where an account is found."""
    return f"{ACCOUNTS}/{account.id}"


def add_account(bmc: Bmc, body: Json) -> Reply:
    """Make an account of what was posted to the collection."""
    for name in _NEW:
        if name not in body:
            raise error(400, "PropertyMissing", name)
    for name, value in body.items():
        _check(name, value)
    if bmc.accounts.named(body["UserName"]) is not None:
        raise error(400, "ResourceAlreadyExists", "ManagerAccount", "UserName", body["UserName"])
    account = bmc.accounts.add(body["UserName"], body["Password"], body["RoleId"])
    _write(account, {name: body[name] for name in body if name not in _NEW})
    return Reply(201, _account(account), {"Location": account_path(account)})


def patch_account(bmc: Bmc, path: str, body: Json) -> None:
    """Change an account. What it does not have has been refused before."""
    account = bmc.accounts.find(path.removeprefix(f"{ACCOUNTS}/"))
    if account is None:
        raise error(404, "ResourceMissingAtURI", path)
    for name, value in body.items():
        _check(name, value)
    _write(account, body)


def remove_account(bmc: Bmc, path: str) -> Reply:
    """Delete an account; the first stays, or nobody could log in any more."""
    account_id = path.removeprefix(f"{ACCOUNTS}/")
    if account_id == "1":
        raise error(400, "ResourceCannotBeDeleted")
    if bmc.accounts.find(account_id) is None:
        raise error(404, "ResourceMissingAtURI", path)
    bmc.accounts.remove(account_id)
    return Reply(204)


def _check(name: str, value: Any) -> None:
    if name not in _WRITABLE:
        raise error(400, "PropertyNotWritable", name)
    if name == "RoleId" and value not in ROLES:
        raise error(400, "PropertyValueNotInList", str(value), name)
    if name in ("Enabled", "PasswordChangeRequired") and not isinstance(value, bool):
        raise error(400, "PropertyValueTypeError", str(value), name)
    if name == "UserName" and not (isinstance(value, str) and value):
        raise error(400, "PropertyValueFormatError", str(value), name)
    if name == "Password" and not (isinstance(value, str) and MIN_PASSWORD <= len(value) <= MAX_PASSWORD):
        # Without the value, which is somebody's password.
        raise error(400, "PropertyValueFormatError", "***", name)


def _write(account: Account, body: Json) -> None:
    account.username = body.get("UserName", account.username)
    account.role = body.get("RoleId", account.role)
    account.enabled = body.get("Enabled", account.enabled)
    if "Password" in body:
        account.password = body["Password"]
        account.must_change_password = False
    account.must_change_password = body.get("PasswordChangeRequired", account.must_change_password)


def _service() -> Json:
    return {
        "@odata.id": SERVICE,
        "@odata.type": "#AccountService.v1_15_1.AccountService",
        "Id": "AccountService",
        "Name": "Account Service",
        "ServiceEnabled": True,
        "Status": {"State": "Enabled", "Health": "OK"},
        "MinPasswordLength": MIN_PASSWORD,
        "MaxPasswordLength": MAX_PASSWORD,
        "HTTPBasicAuth": "Enabled",
        "Accounts": {"@odata.id": ACCOUNTS},
        "Roles": {"@odata.id": _ROLES},
    }


def _account(account: Account) -> Json:
    return {
        "@odata.id": account_path(account),
        "@odata.type": "#ManagerAccount.v1_12_1.ManagerAccount",
        "Id": account.id,
        "Name": "User Account",
        "UserName": account.username,
        "Password": None,
        "RoleId": account.role,
        "AccountTypes": ["Redfish"],
        "Enabled": account.enabled,
        "Locked": False,
        "PasswordChangeRequired": account.must_change_password,
        "Links": {"Role": {"@odata.id": f"{_ROLES}/{account.role}"}},
    }


def _role(role: str) -> Json:
    return {
        "@odata.id": f"{_ROLES}/{role}",
        "@odata.type": "#Role.v1_3_3.Role",
        "Id": role,
        "Name": f"{role} Role",
        "RoleId": role,
        "IsPredefined": True,
        "AssignedPrivileges": list(ROLES[role]),
    }
