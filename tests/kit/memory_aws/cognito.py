"""Cognito user pools: the sign-ins and groups of one pool, by the administrator's calls."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from tests.kit.memory_aws.failures import ServiceError
from tests.kit.memory_aws.hooks import Twist

Params = dict[str, Any]
Answer = dict[str, Any]


@dataclass
class SignIn:
    """A user of the pool."""

    attributes: dict[str, str]
    enabled: bool = True
    groups: set[str] = field(default_factory=set)


class Pools:
    """All pools in one: `sign_ins` by address, the `groups` there are, the `invited` in order."""

    def __init__(self) -> None:
        self.sign_ins: dict[str, SignIn] = {}
        self.groups: set[str] = set()
        self.invited: list[str] = []

    def snapshot(self) -> dict[str, SignIn]:
        """The sign-ins as they are."""
        return copy.deepcopy(self.sign_ins)

    def restore(self, snapshot: dict[str, SignIn]) -> None:
        """Back to the snapshot, without invitations."""
        self.sign_ins = copy.deepcopy(snapshot)
        self.invited = []

    def _user(self, params: Params) -> SignIn:
        found = self.sign_ins.get(params["Username"])
        if found is None:
            raise ServiceError("UserNotFoundException", "User does not exist.")
        return found

    def _group(self, params: Params) -> str:
        name: str = params["GroupName"]
        if name not in self.groups:
            raise ServiceError("ResourceNotFoundException", "Group not found.")
        return name

    def admin_get_user(self, params: Params, _twist: Twist) -> Answer:
        """AdminGetUser."""
        user = self._user(params)
        attributes = [{"Name": name, "Value": value} for name, value in user.attributes.items()]
        return {
            "Username": params["Username"],
            "UserAttributes": attributes,
            "Enabled": user.enabled,
            "UserStatus": "FORCE_CHANGE_PASSWORD",
        }

    def admin_create_user(self, params: Params, _twist: Twist) -> Answer:
        """AdminCreateUser."""
        name: str = params["Username"]
        if params.get("MessageAction") == "RESEND":
            self._user(params)
            self.invited.append(name)
            return {"User": {"Username": name, "Enabled": True}}
        if name in self.sign_ins:
            raise ServiceError("UsernameExistsException", "User account already exists")
        attributes = {one["Name"]: one["Value"] for one in params["UserAttributes"]}
        self.sign_ins[name] = SignIn(attributes)
        self.invited.append(name)
        return {"User": {"Username": name, "Enabled": True}}

    def admin_delete_user(self, params: Params, _twist: Twist) -> Answer:
        """AdminDeleteUser."""
        self._user(params)
        del self.sign_ins[params["Username"]]
        return {}

    def admin_enable_user(self, params: Params, _twist: Twist) -> Answer:
        """AdminEnableUser."""
        self._user(params).enabled = True
        return {}

    def admin_disable_user(self, params: Params, _twist: Twist) -> Answer:
        """AdminDisableUser."""
        self._user(params).enabled = False
        return {}

    def admin_list_groups_for_user(self, params: Params, _twist: Twist) -> Answer:
        """AdminListGroupsForUser."""
        return {"Groups": [{"GroupName": name} for name in sorted(self._user(params).groups)]}

    def admin_add_user_to_group(self, params: Params, _twist: Twist) -> Answer:
        """AdminAddUserToGroup."""
        self._user(params).groups.add(self._group(params))
        return {}

    def admin_remove_user_from_group(self, params: Params, _twist: Twist) -> Answer:
        """AdminRemoveUserFromGroup."""
        self._user(params).groups.discard(self._group(params))
        return {}
