"""Gathering what the rules look at: the users, names and workflows that instructions speak of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from handover.aws import objects
from handover.deadline import Patience
from handover.model import Account, Operation
from handover.pipeline.import_plan import addresses_bytes, addresses_from, addresses_key
from handover.profiles import NamedBy, OpcoWall
from handover.rules import (
    Facts,
    Instruction,
    address_in,
    likely_ids,
    look_of,
    normal_address,
    normal_login,
)
from handover.rules.nearness import nearest
from handover.runtime import Wiring

# The cost of looking for the accounts that were probably meant: so many unknown ids at a time,
# each by some twenty others.
MOST_UNKNOWN_IDS = 40


def facts_for(
    wiring: Wiring,
    tenant: str,
    asked: Iterable[Instruction],
    ways: Collection[NamedBy],
    wall: OpcoWall,
    patience: Patience,
    *,
    import_id: str = "",
) -> Facts:
    """The facts for these instructions, as they are now; `ways` are how users may be named.

    `import_id` is the import that the instructions belong to, "" for an edit.
    """
    directory = wiring.tables.directory
    seatings = [seating for one in asked for seating in one.seatings]
    named = dict.fromkeys(
        address_in(name)
        for seating in seatings
        if not seating.is_workflow and seating.operation is not Operation.RECORD
        for name in seating.names
    )
    names = dict.fromkeys(normal_address(name) for name in named)
    users = directory.users(tenant, names, patience)
    if NamedBy.LOGIN in ways:
        logins = {name: normal_login(name) for name in names if name not in users}
        found = directory.users_by_login(tenant, dict.fromkeys(logins.values()), patience)
        users |= {name: found[login] for name, login in logins.items() if login in found}
    looks = (
        dict.fromkeys(look_of(name) for name in named if "@" not in name)
        if NamedBy.NAME in ways
        else {}
    )
    by_name = directory.users_by_name(tenant, looks, patience) if looks else {}
    is_someone_unknown = len(users) + len(by_name) < len(names)
    known = _known_addresses(wiring, tenant, import_id) if is_someone_unknown else ()
    workflows = (
        frozenset(directory.workflows(tenant))
        if any(seating.is_workflow for seating in seatings)
        else frozenset()
    )
    return Facts(
        users,
        nearest(known),
        workflows,
        by_name,
        has_opco_wall=wall is OpcoWall.ALWAYS,
    )


def _known_addresses(wiring: Wiring, tenant: str, import_id: str) -> tuple[str, ...]:
    """The addresses that an unknown one may be a slip of.

    An import reads them from the directory once: the first chunk that needs them stores them for
    all others, and for its own next try. Chunks that start together may each read them, and take
    what the first has stored.
    """
    if not import_id:
        return tuple(wiring.tables.directory.addresses(tenant))
    key = addresses_key(import_id)
    stored = objects.read(wiring.work_bucket, key)
    if stored is None:
        gathered = addresses_bytes(wiring.tables.directory.addresses(tenant))
        stored = objects.write_once(wiring.work_bucket, key, gathered, "application/octet-stream")
    return addresses_from(stored)


def likely_accounts(
    wiring: Wiring,
    tenant: str,
    account_ids: Iterable[str],
    known: Mapping[str, Account],
    patience: Patience,
) -> dict[str, str]:
    """For ids without an account the id that was probably meant, where there is such an account.

    Looked for are the first MOST_UNKNOWN_IDS of them.
    """
    unknown = [account_id for account_id in account_ids if account_id not in known]
    wanted = {account_id: likely_ids(account_id) for account_id in unknown[:MOST_UNKNOWN_IDS]}
    candidates = dict.fromkeys(other for others in wanted.values() for other in others)
    if not candidates:
        return {}
    there = wiring.tables.accounts.read(tenant, candidates, patience)
    found: dict[str, str] = {}
    for account_id, others in wanted.items():
        likely = next((other for other in others if other in there), None)
        if likely is not None:
            found[account_id] = likely
    return found
