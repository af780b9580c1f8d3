"""The words of Handover as values: what crosses from one module to another.

Everything here is frozen and knows no AWS. The glossary in ARCHITECTURE.md explains the words.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct, field

# The user role of those who set a tenant up, and who decide about the imports of others.
ADMIN = "Admin"


class Outcome(StrEnum):
    """What became of a line. Every data line of an import has exactly one."""

    UPDATED = "updated"
    CLEARED = "cleared"
    UNCHANGED = "unchanged"
    PENDING = "pending"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"
    SUPERSEDED = "superseded"
    NOT_PROCESSED = "not_processed"


class State(StrEnum):
    """Where an import stands. The last four are final and never change."""

    AWAITING_UPLOAD = "awaiting_upload"
    VALIDATING = "validating"
    AWAITING_APPROVAL = "awaiting_approval"
    PROCESSING = "processing"
    FINALIZING = "finalizing"
    DONE = "done"
    ERROR = "error"
    REFUSED = "refused"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """True once nothing about the import changes any more."""
        return self in FINAL_STATES


FINAL_STATES = frozenset({State.DONE, State.ERROR, State.REFUSED, State.CANCELLED})


class Duplicates(StrEnum):
    """What applies when several lines name the same account: a profile's choice.

    REJECT: identical lines count once, contradicting ones are all rejected. FIRST and LAST: that
    line applies, whatever the others say.
    """

    REJECT = "reject"
    FIRST = "first"
    LAST = "last"


class Operation(StrEnum):
    """What a cell asks for.

    SET says who must hold a role. REMOVE takes users off a role. RESOLVE replaces the pending
    assignees of addresses by the users that have these addresses now. REMOVE and RESOLVE leave
    everybody else in the role. RECORD sets a field. INITIAL and DEFAULT say who must hold a role of
    a new account; DEFAULT applies when the file names nobody. REQUIRE changes nothing: it says who
    must hold the role now for the line to apply.
    """

    SET = "set"
    REMOVE = "remove"
    RESOLVE = "resolve"
    RECORD = "record"
    INITIAL = "initial"
    DEFAULT = "default"
    REQUIRE = "require"


class Mode(StrEnum):
    """Whether an import writes its decisions, only reports them, or decides nothing.

    A preview says how its file is read and which profiles it fits.
    """

    RUN = "run"
    DRY_RUN = "dry_run"
    PREVIEW = "preview"


class Refusal(Struct, frozen=True):
    """Why a whole file was refused; nothing of it was written."""

    code: str
    message: str
    line: int | None = None


class FileWarning(Struct, frozen=True):
    """Something that a person should know about an import, and that is no reason to refuse it."""

    code: str
    message: str


class Rejection(Struct, frozen=True):
    """Why one line was rejected.

    `column` is the label in the user's own header, "" when the whole line is meant. `error` says
    line, column, what was found and what was expected; `hint` how to fix it. `suggestion` is a text
    for the whole cell that would probably correct it, "" when there is none.
    """

    line: int
    column: str
    code: str
    error: str
    hint: str = ""
    suggestion: str = ""


class Dialect(Struct, frozen=True):
    """How the bytes of one file are to be read.

    `encoding` is a Python codec name ("utf-8", "windows-1252"; UTF-16 files are rewritten as UTF-8
    before they are split). `bom_bytes` are skipped at the start of the file. `is_report` is true
    when the header ends with the four columns of Handover's own error-lines report, so that reading
    takes the spreadsheet guards off again. With `skips_blank_rows` a row whose cells are all blank
    is a blank line. Without it (imports of earlier versions) only a row without cells is one.
    """

    encoding: str
    delimiter: str
    bom_bytes: int = 0
    is_report: bool = False
    skips_blank_rows: bool = True


class Header(Struct, frozen=True):
    """The first record of a file: its labels as they stand, and where the data begins.

    `data_start` is the byte offset of the first byte after the header record and `data_line`
    the physical line number there.
    """

    labels: tuple[str, ...]
    data_start: int
    data_line: int

    @property
    def last_line(self) -> int:
        """The physical line that the header ends on; refusals of labels name it."""
        return self.data_line - 1


class Chunk(Struct, frozen=True):
    """A run of whole lines: the bytes `start` to `end` (exclusive) of the pinned object.

    `first_line` is the physical line number at `start`, `lines` how many data lines the range
    holds (blank lines do not count), `checksum` the CRC-32 of its bytes.
    """

    number: int
    start: int
    end: int
    first_line: int
    lines: int
    checksum: int


class Line(Struct, frozen=True):
    """One CSV record after the header, numbered as an editor numbers it (header = 1).

    `fields` are the values as written, with spreadsheet guards of a report taken off.
    `fault` is set when the record itself is bad (FIELD_COUNT, FIELD_TOO_LONG,
    INVALID_CHARACTER); such a line is never interpreted.
    """

    number: int
    fields: tuple[str, ...]
    fault: Rejection | None = None


class Repeat(Struct, frozen=True):
    """A line whose account is on other lines of the file too; settled before chunks are sent.

    `is_conflict` false: the identical, earlier line `others[0]` applies. `is_conflict` true: lines
    of the account contradict each other; `others` are the numbers of the first few of them and
    `count` how many lines name the account in all. `is_login`: the repeat is one of a login name,
    which lines of different users ask for, and not one of an account.
    """

    line: int
    is_conflict: bool
    others: tuple[int, ...]
    count: int
    is_login: bool = False


class RoleChange(Struct, frozen=True):
    """One role of an account before and after a line; users are addresses, none = empty."""

    role: str
    before: tuple[str, ...]
    after: tuple[str, ...]


class LineResult(Struct, frozen=True):
    """What became of one line: its outcome and, where it matters, what changed or why not.

    `message` explains an outcome that is not a rejection ("an identical line stands at line 4").
    `holders` are the assignees of the roles that the line names, before and after it, and `opco` is
    the account's; both are empty where the account was not read.
    """

    line: Line
    outcome: Outcome
    changes: tuple[RoleChange, ...] = ()
    rejection: Rejection | None = None
    message: str = ""
    holders: frozenset[str] = frozenset()
    opco: str = ""


class User(Struct, frozen=True):
    """A person in a tenant's directory; `email` is in the normal form that files are matched with.

    A deleted user stays in the directory (`is_deleted`, never active), so that no file brings them
    back unnoticed.
    """

    email: str
    name: str
    roles: frozenset[str]
    opco: str = ""
    is_active: bool = True
    is_deleted: bool = False
    employee_id: str = ""
    phone: str = ""
    mobile: str = ""
    login_name: str = ""


class ChangeReceipt(Struct, frozen=True):
    """What one import did to one account, kept on the account itself.

    A chunk that is processed again finds its own receipt and reports the same outcome instead of
    deciding a second time. `version` is the account's version after the change.
    """

    import_id: str
    precedence: str
    line: int
    actor: str
    at: str
    version: int
    changes: tuple[RoleChange, ...]


class Account(Struct, frozen=True):
    """What is assigned: its directory fields, who holds which role, and who decided it last.

    `precedences` holds, for each role, the precedence of the import that decided it last.
    `receipts` holds the changes of imports that may still be processed again, oldest first.
    `version` grows with every write, so that a decision never rests on outdated fields.
    """

    tenant: str
    account_id: str
    version: int
    name: str = ""
    customer_id: str = ""
    opco: str = ""
    is_active: bool = True
    portals: tuple[str, ...] = ()
    assigned: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    precedences: Mapping[str, str] = field(default_factory=dict)
    receipts: tuple[ChangeReceipt, ...] = ()

    @property
    def record_id(self) -> str:
        """The account's id, or the address when the record is a user."""
        return self.account_id


# What a line of a file is about: an account or a user. A directory file sets the fields of a user
# as other files set the roles of an account. `account_id` then holds the user's address.
Record: TypeAlias = Account


class JobKind(StrEnum):
    """What a job does.

    REMOVAL deletes users and takes them off every account. RESOLUTION gives the accounts that wait
    for an address to the user who has it now. UNDO takes back what an import has changed. OWNER
    gives all accounts that a user holds in one role to somebody else.
    """

    REMOVAL = "removal"
    RESOLUTION = "resolution"
    UNDO = "undo"
    OWNER = "owner"

    @property
    def follows_the_directory(self) -> bool:
        """True when it only carries out what the directory says already: nobody may stop it."""
        return self in (JobKind.REMOVAL, JobKind.RESOLUTION)
