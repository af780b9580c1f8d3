"""Makes the sign-ins of the user pool agree with the directory's users."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handover.aws.sign_ins import TENANT, group_of
from handover.model import User
from handover.rules.addresses import normal_address

from infra.seeding.loading import Loaded
from infra.seeding.tables import DirectoryFileError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

DEFAULT_PASSWORD = "Handover-1"  # noqa: S105 - only of sign-ins on this machine


@dataclass(frozen=True, slots=True)
class _Known:
    """A sign-in as the pool has it."""

    username: str
    tenant: str
    is_enabled: bool


@dataclass(frozen=True, slots=True)
class SignIns:
    """A user pool. With `password` None people are invited by e-mail to choose one.

    With `is_fixed`, sign-ins that already exist get the password, too.
    """

    pools: CognitoIdentityProviderClient
    pool: str
    password: str | None
    is_fixed: bool = False

    def load(
        self, tenant: str, users: Sequence[User], report: Callable[[int, int, str], None]
    ) -> Loaded:
        """Gives every active user a sign-in with their roles as groups; bars the others.

        When people are invited, a sign-in of another tenant is not changed: it raises
        DirectoryFileError before anything is written.
        """
        known = self._known()
        self._check_tenants(tenant, users, known)
        members = self._members({group_of(role) for user in users for role in user.roles})
        new = changed = 0
        for number, user in enumerate(users, 1):
            found = known.get(user.email)
            if found is None:
                if user.is_active:
                    self._create(tenant, user)
                    self._set_groups(user, user.email, members)
                    new += 1
            elif self._update(tenant, user, found, members):
                changed += 1
            report(number, len(users), "sign-ins")
        total = sum(user.is_active for user in users)
        return Loaded("sign-ins", max(total, new + changed), new, changed)

    def _create(self, tenant: str, user: User) -> None:
        attributes: Any = [
            {"Name": "email", "Value": user.email},
            {"Name": "email_verified", "Value": "true"},
            {"Name": TENANT, "Value": tenant},
        ]
        if self.password is None:
            self.pools.admin_create_user(
                UserPoolId=self.pool,
                Username=user.email,
                UserAttributes=attributes,
                DesiredDeliveryMediums=["EMAIL"],
            )
            return
        self.pools.admin_create_user(
            UserPoolId=self.pool,
            Username=user.email,
            UserAttributes=attributes,
            MessageAction="SUPPRESS",
        )
        self._set_password(user.email, self.password)

    def _update(self, tenant: str, user: User, found: _Known, members: dict[str, set[str]]) -> bool:
        """True when the sign-in was not as it should be."""
        has_changed = False
        if found.tenant != tenant:
            self.pools.admin_update_user_attributes(
                UserPoolId=self.pool,
                Username=found.username,
                UserAttributes=[{"Name": TENANT, "Value": tenant}],
            )
            has_changed = True
        if found.is_enabled != user.is_active:
            switch = (
                self.pools.admin_enable_user if user.is_active else self.pools.admin_disable_user
            )
            switch(UserPoolId=self.pool, Username=found.username)
            has_changed = True
        if self.password is not None and self.is_fixed and user.is_active:
            # The pool does not say whether the password has changed, so it does not count as a
            # change.
            self._set_password(found.username, self.password)
        return self._set_groups(user, found.username, members) or has_changed

    def _set_password(self, username: str, password: str) -> None:
        self.pools.admin_set_user_password(
            UserPoolId=self.pool, Username=username, Password=password, Permanent=True
        )

    def _set_groups(self, user: User, username: str, members: dict[str, set[str]]) -> bool:
        expected = {group_of(role) for role in user.roles}
        having = {group for group, emails in members.items() if user.email in emails}
        for group in sorted(expected - having):
            self.pools.admin_add_user_to_group(
                UserPoolId=self.pool, Username=username, GroupName=group
            )
        for group in sorted(having - expected):
            self.pools.admin_remove_user_from_group(
                UserPoolId=self.pool, Username=username, GroupName=group
            )
        return expected != having

    def _check_tenants(self, tenant: str, users: Sequence[User], known: dict[str, _Known]) -> None:
        if self.password is not None:
            return
        for user in users:
            found = known.get(user.email)
            if found is not None and found.tenant != tenant:
                raise DirectoryFileError(
                    f"users.csv, {user.email}: signs in for the tenant {found.tenant!r} already"
                )

    def _known(self) -> dict[str, _Known]:
        """All sign-ins of the pool, by address."""
        pages = self.pools.get_paginator("list_users").paginate(UserPoolId=self.pool)
        return {
            email: _Known(user["Username"], _attribute(user, TENANT), user.get("Enabled", True))
            for page in pages
            for user in page["Users"]
            if (email := normal_address(_attribute(user, "email")))
        }

    def _members(self, expected: set[str]) -> dict[str, set[str]]:
        """The addresses in each group of the pool; missing groups are created."""
        pages = self.pools.get_paginator("list_groups").paginate(UserPoolId=self.pool)
        groups = {group["GroupName"] for page in pages for group in page["Groups"]}
        for group in sorted(expected - groups):
            self.pools.create_group(UserPoolId=self.pool, GroupName=group)
        members: dict[str, set[str]] = defaultdict(set)
        for group in groups:
            members[group].update(self._emails_in(group))
        return members

    def _emails_in(self, group: str) -> Iterator[str]:
        pages = self.pools.get_paginator("list_users_in_group").paginate(
            UserPoolId=self.pool, GroupName=group
        )
        for page in pages:
            for user in page["Users"]:
                yield normal_address(_attribute(user, "email"))


def _attribute(user: Any, name: str) -> str:
    for attribute in user.get("Attributes", ()):
        if attribute["Name"] == name:
            return str(attribute.get("Value", ""))
    return ""
