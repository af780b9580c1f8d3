"""Domains verified for a tenant by an operator: their addresses sign in for no other tenant.

They are in the table of directories under a key that no tenant can have, one item a domain.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from handover.rules.addresses import dns_domain
from handover.store.batches import Item
from handover.store.directory import DirectoryItem
from handover.store.items import deleted_if, item_at, saved_if

# The name of a tenant begins with a letter or a digit, so no tenant has this key.
DOMAINS = "#domains"
# A domain with more labels cannot be verified, so no more are looked up for an address.
MAX_LABELS = 10


class Domains(Struct, frozen=True):
    """The verified domains of all tenants."""

    table: str

    def tenant_of(self, address: str) -> str | None:
        """The tenant for which the domain of a normal address, or a parent domain, is verified.

        None when there is none. The nearest domain counts. Makes at most MAX_LABELS reads.
        """
        labels = dns_domain(address.rpartition("@")[2]).split(".")[-MAX_LABELS:]
        for begin in range(len(labels) - 1):
            item = item_at(DirectoryItem, DOMAINS, ".".join(labels[begin:]))
            if item is not None:
                return item.body
        return None

    def verify(self, tenant: str, domain: str, also: Item | None = None) -> bool:
        """Stores the domain as verified for the tenant; false if it is verified for another."""
        is_free = DirectoryItem.pk.does_not_exist() | (DirectoryItem.body == tenant)
        return saved_if(DirectoryItem(DOMAINS, dns_domain(domain), body=tenant), is_free, also)

    def holder(self, domain: str) -> str | None:
        """The tenant for which exactly this domain is verified; None when there is none."""
        item = item_at(DirectoryItem, DOMAINS, dns_domain(domain))
        return item.body if item is not None else None

    def forget(self, domain: str, also: Item | None = None) -> bool:
        """Removes the verification of a domain; false when there is none."""
        item = DirectoryItem(DOMAINS, dns_domain(domain))
        return deleted_if(item, DirectoryItem.pk.exists(), also)

    def listed(self) -> Iterator[tuple[str, str]]:
        """Each verified domain with its tenant, by domain."""
        for item in DirectoryItem.query(DOMAINS, consistent_read=True):
            yield item.sk, item.body
