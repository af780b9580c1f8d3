"""Files that Handover writes itself: their lines as CSV, and how they are uploaded."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from handover.access.acts import done_outside
from handover.audit import AuditEntry
from handover.aws import objects
from handover.deadline import Deadline
from handover.pipeline.tickets import ticket_key
from handover.runtime import Resources
from handover.store.tickets import TicketItem

ROWS_A_PIECE = 1000


def csv_pieces(
    header: Sequence[str], rows: Iterable[Sequence[str]], *, delimiter: str = ","
) -> Iterator[bytes]:
    """The file in pieces of ROWS_A_PIECE rows, lazily."""
    yield _csv([header], delimiter)
    rest = iter(rows)
    while batch := list(islice(rest, ROWS_A_PIECE)):
        yield _csv(batch, delimiter)


def is_uploaded(resources: Resources, ticket_id: str, ticket: TicketItem) -> bool:
    """True when the ticket's file exists, or existed."""
    key = ticket_key(ticket.tenant, ticket_id)
    return ticket.import_id is not None or any(
        version.upload.key == key for version in objects.versions(resources.uploads_bucket, key)
    )


def upload_job_file(
    resources: Resources,
    ticket_id: str,
    ticket: TicketItem,
    pieces: Iterator[bytes],
    deadline: Deadline,
) -> None:
    """Stores the file under the ticket; the intake is notified as for any other upload."""
    key = ticket_key(ticket.tenant, ticket_id)
    objects.write_stream(resources.uploads_bucket, key, pieces, deadline)


def ask_file(
    resources: Resources,
    ticket_id: str,
    ticket: TicketItem,
    entry: AuditEntry,
    pieces: Iterator[bytes],
    deadline: Deadline,
) -> None:
    """Issues the ticket with the open entry of the act, stores the file, and closes the entry."""
    resources.tables.tickets.issue(ticket_id, ticket, resources.tables.audit.addition(entry))
    with done_outside(resources, entry):
        upload_job_file(resources, ticket_id, ticket, pieces, deadline)


def _csv(rows: Iterable[Sequence[str]], delimiter: str) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue().encode()
