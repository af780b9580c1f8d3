"""The summary of an ended import: counts, errors by code, who gains and loses, opcos, times."""

from __future__ import annotations

from collections import Counter

from msgspec.structs import asdict

from handover.access.people import Person
from handover.codes import CodeKind, code_named
from handover.deadline import Deadline
from handover.reports.line_index import Move
from handover.reports.progress import stage_seconds
from handover.rules.pending import address_in, is_pending
from handover.runtime import Invocation, Resources
from handover.store.import_items import ImportItem
from handover.store.progress import counts_of
from handover.use_cases.imports import ended_import
from handover.use_cases.result_lines import index_of

# What they hold is counted for this many managers, largest changes first. Each takes a query of
# some ten milliseconds, while a person waits.
MAX_COUNTED = 50


def result_summary(
    resources: Resources, person: Person, name: str, run: Invocation, *, counts: bool = False
) -> dict[str, object]:
    """The summary of the import of that id or ticket, as the API returns it.

    Codes and managers are sorted by count, largest first. With `counts` the first MAX_COUNTED
    managers say how many roles of accounts they hold now. Raises what `ended_import` raises, and
    NotFoundError for an import without an index.
    """
    item = ended_import(resources, person, name)
    index = index_of(resources, item, run.now)
    managers = _managers(resources, item.tenant, index.moves, run.deadline)
    if counts:
        held = _held(resources, item.tenant, index.moves, run.deadline)
        managers = [
            one | {"held": held.get(move)} for one, move in zip(managers, index.moves, strict=True)
        ]
    codes: Counter[str] = Counter()
    for (_, code), count in index.kinds().items():
        if code:
            codes[code] += count
    return {
        "counts": asdict(counts_of(item)),
        "codes": [_code(code, count) for code, count in codes.most_common()],
        "managers": managers,
        "opcos": [asdict(one) for one in index.opcos],
        "stages": [
            {"stage": stage.value, "seconds": seconds}
            for stage, seconds in stage_seconds(
                announced_at=_announced_at(resources, item),
                received_at=item.received_at,
                validated_at=item.validated_at,
                working_at=item.working_at,
                finished_at=item.finished_at,
                ended_at=item.ended_at,
            )
        ],
    }


def _code(code: str, count: int) -> dict[str, object]:
    known = code_named(CodeKind.LINE, code)
    return {
        "code": code,
        "count": count,
        "message": known.meaning if known is not None else "",
        "hint": known.remedy if known is not None else "",
    }


def _managers(
    resources: Resources, tenant: str, moves: tuple[Move, ...], deadline: Deadline
) -> list[dict[str, object]]:
    addresses = dict.fromkeys(address_in(move.user) for move in moves)
    users = resources.tables.directory.users(tenant, addresses, deadline)
    return [
        {
            "user": (address := address_in(move.user)),
            "name": users[address].name if address in users else "",
            "is_pending": is_pending(move.user),
            "gains": move.gains,
            "loses": move.loses,
        }
        for move in moves
    ]


def _held(
    resources: Resources, tenant: str, moves: tuple[Move, ...], deadline: Deadline
) -> dict[Move, int]:
    """How many roles of accounts each of the first MAX_COUNTED holds, as portfolios count them."""
    found: dict[Move, int] = {}
    for move in moves[:MAX_COUNTED]:
        deadline.check()
        found[move] = resources.tables.portfolios.count(tenant, move.user)
    return found


def _announced_at(resources: Resources, item: ImportItem) -> str | None:
    ticket = resources.tables.tickets.find(item.ticket) if item.ticket else None
    return ticket.issued_at if ticket is not None else None
