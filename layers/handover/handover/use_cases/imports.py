"""Imports as people see them: one by its id or ticket, the list, and links to their files."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta

from msgspec import Struct
from msgspec.structs import asdict, replace

from handover.access.acts import note
from handover.access.imports import why_barred
from handover.access.people import Person
from handover.audit import Act
from handover.aws import objects
from handover.errors import ConflictError, ForbiddenError, NotFoundError
from handover.model import Mode, State
from handover.pipeline.summaries import (
    REPORT_WORKBOOK,
    report_key,
    summary_of,
    summary_of_ticket,
)
from handover.reports.progress import Progress, progress_of
from handover.reports.summary import ImportSummary, summary
from handover.runtime import Resources, rfc3339
from handover.store.import_items import ImportItem
from handover.store.imports import end_of
from handover.store.tickets import TicketItem
from handover.use_cases.paging import Page, cursor_at, place_at
from handover.workbooks.limits import MAX_REPORT_LINES, WORKBOOK_TYPE

IMPORT_PATTERN = re.compile(r"[0-9a-f]{32}")
TICKET_PATTERN = re.compile(r"[A-Za-z0-9]{1,32}-[A-Za-z0-9-]{1,64}")
LINK_SECONDS = 300
# Enough to recognise a file, in a header that must stay short.
STEM_CHARS = 100
# Where a page can begin: a time and an import.
IMPORT_PLACES = re.compile(r"[0-9T:.Z-]{1,40}#[0-9a-f]{32}")
# A page reads at most this many imports, so many at a time; then its cursor continues.
MAX_LOOKED_AT, AT_A_TIME = 1000, 100


class Ticket(Struct, frozen=True):
    """A ticket without a known upload so far."""

    ticket: str
    item: TicketItem


def import_for(resources: Resources, tenant: str, name: str) -> ImportItem | Ticket:
    """The tenant's import of that id or ticket, or the ticket while nothing has been uploaded.

    Raises NotFoundError; another tenant's import looks the same as one that does not exist.
    """
    imports = resources.tables.imports
    if IMPORT_PATTERN.fullmatch(name):
        item = imports.find(name)
        if item is not None and item.tenant == tenant:
            return item
    elif TICKET_PATTERN.fullmatch(name):
        ticket = resources.tables.tickets.find(name)
        if ticket is not None and ticket.tenant == tenant:
            item = imports.find(ticket.import_id) if ticket.import_id else None
            return item if item is not None else Ticket(name, ticket)
    raise NotFoundError("there is no such import")


def readable_import(resources: Resources, person: Person, name: str) -> ImportItem:
    """The import of that id or ticket, for its uploader and those who may read its results.

    Raises NotFoundError, ForbiddenError, and ConflictError while nothing has been uploaded.
    """
    found = import_for(resources, person.tenant, name)
    if isinstance(found, Ticket):
        raise ConflictError("nothing has been uploaded yet")
    is_own = found.job is None and found.uploader == person.email
    if not is_own and (reason := why_barred(resources, person, found)):
        raise ForbiddenError(reason)
    return found


def to_dict(resources: Resources, found: ImportItem | Ticket, now: float) -> dict[str, object]:
    """An import as the API shows it: the published form, ticket, progress, and who decided.

    `now` is the present time, in seconds since the epoch.
    """
    if isinstance(found, Ticket):
        more = {
            "import_ticket": found.ticket,
            "expires_at": found.item.expires_at,
            "cancelled_by": found.item.cancelled_by,
            "cancel_reason": found.item.cancel_reason,
            "follows": found.item.follows,
            "job": found.item.job or "",
        }
        about = summary_of_ticket(found.ticket, found.item)
    else:
        more = {
            "import_ticket": found.ticket,
            "follows": found.follows,
            "job": found.job or "",
        }
        about = summary_of(resources, found)
    progress = {"progress": asdict(_progress(found, about, now))}
    return summary(about) | progress | {name: text for name, text in more.items() if text}


def _progress(found: ImportItem | Ticket, about: ImportSummary, now: float) -> Progress:
    item = found if isinstance(found, ImportItem) else None
    finished_at = item.finished_at if item is not None else None
    working_at = item.working_at if item is not None else None
    return progress_of(
        about.state,
        about.counts,
        is_read=item is not None and item.chunks is not None,
        working_at=datetime.fromisoformat(working_at) if working_at else None,
        until=datetime.fromisoformat(finished_at or rfc3339(now)),
    )


class Listed(Struct, frozen=True):
    """Which imports are listed; "" or None admits all.

    `uploader`, `profile` and `source` are parts of the import's own values, in any letter case.
    `follows` is the id of the import that the listed ones apply, correct or undo. `since` and
    `until` are days in UTC, both included.
    """

    state: str = ""
    mode: str = ""
    uploader: str = ""
    profile: str = ""
    source: str = ""
    follows: str = ""
    since: date | None = None
    until: date | None = None

    def admits(self, item: ImportItem) -> bool:
        """True for an import that is listed, whatever its day."""
        parts = (
            (self.uploader, item.uploader or item.proven_by or ""),
            (self.profile, item.profile),
            (self.source, item.source),
        )
        return (
            self.state in ("", item.state)
            and self.mode in ("", item.mode)
            and self.follows in ("", item.follows, item.undo_of)
            and all(part.casefold() in whole.casefold() for part, whole in parts)
        )

    @property
    def takes_all(self) -> bool:
        """True when only days filter the list; the index finds these by itself."""
        return replace(self, since=None, until=None) == Listed()


def imports_page(
    resources: Resources,
    person: Person,
    asked: Listed,
    *,
    limit: int,
    cursor: str | None,
    now: float,
) -> Page[dict[str, object]]:
    """The tenant's imports that match, as they are `now`, newest first.

    A page may hold fewer than `limit`, even none, when few match: follow the cursor.
    """
    before = place_at(cursor, IMPORT_PLACES) or (end_of(asked.until) if asked.until else None)
    since = f"{asked.since}T" if asked.since else ""
    shown: list[dict[str, object]] = []
    for _ in range(MAX_LOOKED_AT // AT_A_TIME):
        rows = limit if asked.takes_all else AT_A_TIME
        items, before = resources.tables.imports.newest(person.tenant, rows, before, since)
        matching = [item for item in items if asked.admits(item)]
        room = limit - len(shown)
        shown += [to_dict(resources, item, now) for item in matching[:room]]
        if len(matching) > room:
            return Page(shown, cursor_at(str(matching[room - 1].listed_at)))
        if before is None or len(shown) == limit:
            break
    return Page(shown, cursor_at(before) if before is not None else None)


def imports_by_day(
    resources: Resources, person: Person, days: int, now: float
) -> list[dict[str, object]]:
    """The last `days` days (UTC) with how many imports the tenant received, oldest first."""
    today = datetime.fromtimestamp(now, UTC).date()
    shown = [today - timedelta(days=ago) for ago in reversed(range(days))]
    imports = resources.tables.imports
    return [{"day": f"{day}", "imports": imports.count_on(person.tenant, day)} for day in shown]


def _note_opened(resources: Resources, person: Person, act: Act, item: ImportItem) -> None:
    """Stores the audit entry of a download before giving the link, which gives the file."""
    note(resources, person.actor, act, f"import {item.pk}", {"filename": item.filename})


def ended_import(resources: Resources, person: Person, name: str) -> ImportItem:
    """The import of that id or ticket, whose lines have all ended.

    Raises ForbiddenError unless the person is the uploader, an Admin, or may upload such files,
    ConflictError while the import continues, and NotFoundError for a preview and for a refused
    file.
    """
    found = import_for(resources, person.tenant, name)
    if isinstance(found, Ticket):
        raise ConflictError("nothing has been uploaded yet")
    if found.uploader != person.email and (reason := why_barred(resources, person, found)):
        raise ForbiddenError(reason)
    if not State(found.state).is_final:
        raise ConflictError(f"the import is in the state {found.state} and has not ended")
    if found.mode == Mode.PREVIEW:
        raise NotFoundError("a preview decides nothing, so there are no results")
    if found.refusal:
        raise NotFoundError("the whole file was refused, so there are no results")
    return found


def file_link(resources: Resources, person: Person, name: str, kind: str) -> str:
    """A link that is valid for LINK_SECONDS; `kind` is "errors" or "results".

    Raises what `ended_import` raises, and NotFoundError when the import has no such file.
    """
    found = ended_import(resources, person, name)
    about = summary_of(resources, found)
    file = about.report if kind == "errors" else about.results
    if file is None:
        raise NotFoundError("no line of this import has an error")
    act = Act.REPORT_OPENED if kind == "errors" else Act.RESULTS_OPENED
    _note_opened(resources, person, act, found)
    return objects.download_link(
        file.bucket, file.key, download_name(found.filename, kind), LINK_SECONDS
    )


def workbook_link(resources: Resources, person: Person, name: str) -> str:
    """A link to the report of errors as a workbook.

    Raises what `file_link` raises, and NotFoundError for a report that is too large for a
    workbook, or older than workbooks.
    """
    found = ended_import(resources, person, name)
    about = summary_of(resources, found)
    if about.report is None:
        raise NotFoundError("no line of this import has an error")
    if not found.has_workbook:
        raise NotFoundError(
            "the report of this import exists only as CSV: a workbook has at most "
            f"{MAX_REPORT_LINES:,} lines"
        )
    _note_opened(resources, person, Act.REPORT_OPENED, found)
    return objects.download_link(
        about.report.bucket,
        report_key(found, REPORT_WORKBOOK),
        download_name(found.filename, "errors", "xlsx"),
        LINK_SECONDS,
        WORKBOOK_TYPE,
    )


def download_name(filename: str, kind: str, ending: str = "csv") -> str:
    """The download's filename: the original name in plain letters, and what the file holds."""
    stem = re.sub(r"\.(csv|xlsx)$", "", filename, flags=re.IGNORECASE)
    # The name goes into a header, where quotes, line ends and accents cause trouble, and then
    # onto a disk, where a leading dot hides it and a leading hyphen makes it an option.
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode("ascii")
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", plain)[:STEM_CHARS].strip("._-")
    return f"{plain or 'import'}-{kind}.{ending}"
