"""Gathering what the rules need: the users, names and workflows that instructions mention."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from handover.aws import objects
from handover.deadline import Deadline
from handover.model import Account, Operation
from handover.pipeline.import_plan import addresses_bytes, addresses_from, addresses_key
from handover.profiles.opco_wall import OpcoWall
from handover.profiles.profile import NamedBy
from handover.rules.addresses import normal_address, normal_login, normalized_name
from handover.rules.damage import likely_ids
from handover.rules.decision import LookupContext
from handover.rules.instructions import Instruction
from handover.rules.nearness import nearest
from handover.rules.pending import address_in
from handover.runtime import Resources

# Limits the cost of suggesting accounts: at most this many unknown ids at a time, each compared
# with some twenty similar ids.
MAX_UNKNOWN_IDS = 40


def lookup_context_for(
    resources: Resources,
    tenant: str,
    asked: Iterable[Instruction],
    ways: Collection[NamedBy],
    wall: OpcoWall,
    deadline: Deadline,
    *,
    import_id: str = "",
) -> LookupContext:
    """The lookup context for these instructions; `ways` are how users may be named.

    `import_id` is the import that the instructions belong to, "" for an edit.
    """
    directory = resources.tables.directory
    requests = [request for one in asked for request in (*one.requests, *one.conditions)]
    named = dict.fromkeys(
        address_in(name)
        for request in requests
        if not request.is_workflow and request.operation is not Operation.RECORD
        for name in request.names
    )
    names = dict.fromkeys(normal_address(name) for name in named)
    users = directory.users(tenant, names, deadline)
    if NamedBy.LOGIN in ways:
        logins = {name: normal_login(name) for name in names if name not in users}
        found = directory.users_by_login(tenant, dict.fromkeys(logins.values()), deadline)
        users |= {name: found[login] for name, login in logins.items() if login in found}
    looks = (
        dict.fromkeys(normalized_name(name) for name in named if "@" not in name)
        if NamedBy.NAME in ways
        else {}
    )
    by_name = directory.users_by_name(tenant, looks, deadline) if looks else {}
    is_someone_unknown = len(users) + len(by_name) < len(names)
    known = _known_addresses(resources, tenant, import_id) if is_someone_unknown else ()
    workflows = (
        frozenset(directory.workflows(tenant))
        if any(request.is_workflow for request in requests)
        else frozenset()
    )
    return LookupContext(
        users,
        nearest(known),
        workflows,
        by_name,
        has_opco_wall=wall is OpcoWall.ALWAYS,
    )


def _known_addresses(resources: Resources, tenant: str, import_id: str) -> tuple[str, ...]:
    """The addresses that an unknown one may be a typo of.

    An import reads them from the directory once: the first chunk that needs them stores them for
    all others and for its own retries. Chunks that start together may each read them, and then use
    what the first one stored.
    """
    if not import_id:
        return tuple(resources.tables.directory.addresses(tenant))
    key = addresses_key(import_id)
    stored = objects.read(resources.work_bucket, key)
    if stored is None:
        gathered = addresses_bytes(resources.tables.directory.addresses(tenant))
        stored = objects.write_once(
            resources.work_bucket, key, gathered, "application/octet-stream"
        )
    return addresses_from(stored)


def likely_accounts(
    resources: Resources,
    tenant: str,
    account_ids: Iterable[str],
    known: Mapping[str, Account],
    deadline: Deadline,
) -> dict[str, str]:
    """For ids without an account, the id that was probably meant, if that account exists.

    Only the first MAX_UNKNOWN_IDS of them are looked up.
    """
    unknown = [account_id for account_id in account_ids if account_id not in known]
    guesses = {account_id: likely_ids(account_id) for account_id in unknown[:MAX_UNKNOWN_IDS]}
    candidates = dict.fromkeys(other for others in guesses.values() for other in others)
    there = resources.tables.accounts.read(tenant, candidates, deadline)
    found: dict[str, str] = {}
    for account_id, others in guesses.items():
        likely = next((other for other in others if other in there), None)
        if likely is not None:
            found[account_id] = likely
    return found
