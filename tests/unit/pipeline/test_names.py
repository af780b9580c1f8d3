"""The names of objects, imports, tickets and messages, written by hand.

Runs of older and newer code must agree on them, and a repeated step must find what it has made.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from handover.aws.objects import Upload
from handover.jobs.follow import own_ticket
from handover.model import Header, Repeat
from handover.pipeline import import_plan as keys
from handover.pipeline.checked import pointer_to
from handover.pipeline.messages import Need
from handover.pipeline.seen_files import Fingerprint
from handover.pipeline.summaries import report_key
from handover.pipeline.tickets import new_ticket, ticket_key
from handover.pipeline.upload_keys import ticket_time
from handover.pipeline.uploads import Arrival, arrival_message
from handover.store.import_items import ImportItem
from handover.store.portfolios import Waiting
from handover.store.watermarks import SeenFile

# 2026-11-22T10:00:00Z
NOW = 1_795_341_600.0
ID = "1" * 32
ARRIVAL = Arrival(Upload("uploads", "in/lumina/1.csv", "v1"), NOW, "5a", "AWS:A", 7)


def fingerprint_of(labels: tuple[str, ...], *blocks: bytes) -> str:
    """The fingerprint of a file with these labels and blocks, as a source's files have it."""
    fingerprint = Fingerprint(Header(labels, 4, 2))
    assert list(fingerprint.through(blocks)) == list(blocks)
    return str(fingerprint)


# Made in the test, so that what is wrong fails there.
NAMES: dict[str, tuple[Callable[[], object], object]] = {
    "older imports": (
        lambda: keys.older_imports_key(ID, "a"),
        f"{ID}/older open imports/a.json",
    ),
    "repeats": (lambda: keys.repeats_key(ID, 7), f"{ID}/repeats/00007.json"),
    "login names": (lambda: keys.logins_key(ID, 7), f"{ID}/logins/00007.json"),
    "a preview": (lambda: keys.preview_key(ID), f"{ID}/preview.json"),
    "rows": (lambda: keys.lines_key(ID, 7, "a"), f"{ID}/parts/00007/a/lines"),
    "a part": (lambda: keys.parts_key(ID, 7, "a", "errors"), f"{ID}/parts/00007/a/errors.csv"),
    "previews": (lambda: keys.previews_key(ID, 7, "a"), f"{ID}/previews/00007/a.json"),
    "an index of previews": (lambda: keys.previews_index_key(ID), f"{ID}/previews/index.json"),
    "addresses": (lambda: keys.addresses_key(ID), f"{ID}/addresses"),
    "a report": (
        lambda: report_key(ImportItem(ID, tenant="lumina"), "x.csv"),
        f"lumina/{ID}/x.csv",
    ),
    "a ticket's file": (lambda: ticket_key("lumina", "T"), "in/lumina/T.csv"),
    "a ticket's time": (lambda: ticket_time(NOW), "20261122T100000000Z"),
    "a ticket of Handover's own": (
        lambda: own_ticket(NOW, ("seed", "removal", "a@x.example")),
        "20261122T100000000Z-c06a71d21f887882",
    ),
    "a pointer": (lambda: pointer_to(ID), b'{"works_the_file_of": "%s"}' % ID.encode()),
    "an import": (lambda: ARRIVAL.import_id, "f09e9aa0537247d97a6ea7a131b08a85"),
    "a precedence": (
        lambda: ARRIVAL.precedence,
        f"2026-11-22T10:00:00.000Z#5A{'0' * 30}#f09e9aa0",
    ),
    "a seen file's time": (
        lambda: SeenFile("f", "2026-11-22T10:00:00.000Z#0#1", ID).received_at,
        "2026-11-22T10:00:00.000Z",
    ),
    "a file's fingerprint": (lambda: fingerprint_of(("a", "b"), b"x"), "abcbbf51-1"),
    "a place in the ledger": (
        lambda: Waiting("a@x.example", "m", "K#1", "", "").place,
        "a@x.example m#K#1",
    ),
    "needs": (lambda: [need.value for need in Need], ["intake", "chunks", "finalize"]),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_always_the_same(name: str) -> None:
    found, expected = NAMES[name]

    assert found() == expected


def test_a_new_ticket_begins_with_its_time_and_cannot_be_guessed() -> None:
    one, other = new_ticket(NOW), new_ticket(NOW)

    assert one.startswith("20261122T100000000Z-")
    assert len(one) == len("20261122T100000000Z-") + 16
    assert one != other


def test_an_arrival_is_sent_as_a_message_with_these_fields() -> None:
    assert arrival_message(ARRIVAL) == {
        "v": 1,
        "arrival": {
            "bucket": "uploads",
            "key": "in/lumina/1.csv",
            "version_id": "v1",
            "at": NOW,
            "sequencer": "5a",
            "principal": "AWS:A",
            "size_bytes": 7,
        },
    }


def test_repeats_are_stored_as_rows() -> None:
    repeats = [Repeat(3, True, (5, 9), 4, is_login=True), Repeat(4, False, (), 0)]

    assert keys.repeats_json(repeats) == b"[[3,true,[5,9],4,true],[4,false,[],0,false]]"
