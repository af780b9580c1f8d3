"""Jobs: changes that Handover carries out with a file that it writes itself.

They are in the table of directories, whose stream delivers them to the function that runs them.
"""

from __future__ import annotations

from msgspec import Struct

from handover.deadline import Deadline
from handover.profiles.fields import DELETED, STATUS
from handover.store.batches import Item, update, write_each, write_together
from handover.store.directory import DirectoryItem
from handover.store.directory_records import FIELD_ORDERS, field_orders_in, field_orders_value
from handover.store.user_places import read_users

JOB, RECHECK = "errand#", "look#"


class Jobs(Struct, frozen=True):
    """The jobs of all tenants, and their changes to the directory."""

    table: str

    def addition(self, tenant: str, ticket: str, body: str) -> Item:
        """The write of a job under its ticket, for the transaction that requests the job."""
        put: Item = DirectoryItem(tenant, JOB + ticket, body=body).get_save_kwargs_from_instance()
        return {"Put": put}

    def ask_once(self, tenant: str, ticket: str, body: str, also: Item) -> None:
        """Stores a job under its ticket together with `also`, unless `also` was written before."""
        write_together([self.addition(tenant, ticket, body), also])

    def remove(self, tenant: str, ticket: str) -> None:
        """Removes a job that has been run."""
        DirectoryItem(tenant, JOB + ticket).delete()

    def look_at(self, tenant: str, address: str, because: str) -> None:
        """Asks for a recheck of what a user holds; once for each `because`."""
        DirectoryItem(tenant, RECHECK + address, body=because).save()

    def mark_deleted(
        self, tenant: str, address: str, ticket: str, precedence: str, deadline: Deadline
    ) -> None:
        """Marks a user as deleted by the job, unless that job has done so before.

        Does nothing if there is no such user. `precedence` is the deletion's place among the files
        of the directory: an older file does not restore the user.
        """
        tries = 0
        while found := read_users(self.table, tenant, [address], deadline):
            (item,) = found
            if item.get("deleted_by") == {"S": ticket}:
                return
            precedences = field_orders_in(item)
            precedences[STATUS] = max(precedences.get(STATUS, ""), precedence)
            deleted = {
                "pk": item["pk"],
                "sk": item["sk"],
                "status": {"S": DELETED},
                "deleted_by": {"S": ticket},
                FIELD_ORDERS: field_orders_value(precedences),
            }
            version = int(item["version"]["N"]) if "version" in item else 0
            if write_each([update(self.table, deleted, version)], deadline) == [None]:
                return
            deadline.wait(tries)
            tries += 1
