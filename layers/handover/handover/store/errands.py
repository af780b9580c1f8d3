"""Errands: what Handover has been asked to do by a file that it writes itself.

They stand in the table of directories, whose stream brings them to whoever runs them.
"""

from __future__ import annotations

from dataclasses import dataclass

from pynamodb.exceptions import UpdateError

from handover.store.directory import DELETED, USER, DirectoryItem, UserItem

ERRAND, LOOK = "errand#", "look#"


@dataclass(frozen=True, slots=True)
class Errands:
    """The errands of all tenants, and what they do to the directory."""

    table: str

    def put(self, tenant: str, ticket: str, body: str) -> None:
        """Stores an errand under its ticket; the same again changes nothing."""
        DirectoryItem(tenant, ERRAND + ticket, body=body).save()

    def remove(self, tenant: str, ticket: str) -> None:
        """Forgets an errand that has been run."""
        DirectoryItem(tenant, ERRAND + ticket).delete()

    def look_at(self, tenant: str, address: str, because: str) -> None:
        """Asks for a look at what a user holds; once for each `because`."""
        DirectoryItem(tenant, LOOK + address, body=because).save()

    def bury(self, tenant: str, address: str, ticket: str) -> None:
        """Marks a user as deleted by the errand, unless that errand has done so before.

        Nothing happens where there is no such user.
        """
        try:
            UserItem(tenant, USER + address).update(
                [
                    UserItem.status.set(DELETED),
                    UserItem.deleted_by.set(ticket),
                    # Whoever has read the user before must see that they have changed.
                    UserItem.version.set((UserItem.version | 0) + 1),
                ],
                UserItem.pk.exists()
                & (UserItem.deleted_by.does_not_exist() | (UserItem.deleted_by != ticket)),
            )
        except UpdateError as error:
            response = getattr(error.cause, "response", None) or {}
            if response.get("Error", {}).get("Code") != "ConditionalCheckFailedException":
                raise
