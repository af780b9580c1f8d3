"""The decision for a line of a directory file, given the account or the user as it is now.

A user is decided like an account: the directory fields of a user are the roles of a record, under
their address. The code that decides who holds a role also decides fields, so the precedence of
imports, receipts and history apply to them as well.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from handover.model import Operation, Outcome, Record, Rejection, User
from handover.profiles.fields import ACTIVE, DELETED, LOGIN_NAME, OPCO, STATUS, About
from handover.profiles.profile import Profile
from handover.rules.addresses import normal_login
from handover.rules.damage import is_ruined
from handover.rules.decision import Decision, LookupContext, Targets, WriteContext
from handover.rules.instructions import AssignmentRequest, Instruction
from handover.rules.named_users import resolve
from handover.rules.opco_wall import crosses_wall
from handover.rules.precedence import already_done, decide
from handover.rules.reasons import decided_later

# The role for which a tenant has a default.
ACCOUNT_MANAGER = "account_manager"
# The key, among an account's precedences, for the import that created the account.
MADE = "#made"
RECORD_DECIDED_LATER = "a later import has decided this already"


class DirectoryContext(Struct, frozen=True):
    """What the rules need besides the record.

    `lookup` has the users whom lines name. `default_manager` is the active user who gets new
    accounts without a manager, None for nobody. `logins` maps the normal login names that lines
    ask for to the addresses of their holders.
    """

    lookup: LookupContext
    default_manager: User | None = None
    logins: Mapping[str, str] = field(default_factory=dict)


def plan_record(
    asked: Instruction,
    record: Record,
    known: DirectoryContext,
    profile: Profile,
    context: WriteContext,
) -> Decision:
    """The decision for a line; `record` has no fields if it does not exist yet."""
    done = already_done(asked, record, context)
    if done is not None:
        return done
    problem = _problem(asked, record, known, profile, context)
    if problem is not None:
        return Decision(Outcome.REJECTED, rejection=problem)
    is_first = is_new(record)
    targets: Targets = []
    if _returns_without_login(asked, record, context):
        forgotten = AssignmentRequest(LOGIN_NAME, LOGIN_NAME, (), operation=Operation.DEFAULT)
        targets.append((forgotten, ()))
    for request in asked.requests:
        if request.operation is Operation.RECORD:
            # A line without a status means active.
            blank = (ACTIVE,) if request.role == STATUS else ()
            targets.append((request, request.names or blank))
        elif is_first or is_made_later(record, context):
            users = resolve(asked, request, _as_stated(asked, record), known.lookup, profile)
            if isinstance(users, Rejection):
                return Decision(Outcome.REJECTED, rejection=users)
            targets.append((request, users))
    if is_first:
        targets += _of_new(targets, _as_stated(asked, record), known, profile)
    planned = decide(asked, record, targets, context)
    if planned.outcome is Outcome.SUPERSEDED:
        # Later imports have decided everything that the line gives.
        given = [request.role for request, _ in targets]
        return replace(planned, message=decided_later(record, given, RECORD_DECIDED_LATER))
    if is_first and planned.write is not None and profile.about is About.ACCOUNTS:
        precedences = {**planned.write.precedences, MADE: context.precedence}
        return replace(planned, write=replace(planned.write, precedences=precedences))
    return planned


def _as_stated(asked: Instruction, record: Record) -> Record:
    """The account as the line creates it: with the line's opco, whatever later imports have set."""
    opcos = (request.names for request in asked.requests if request.role == OPCO)
    return replace(record, opco="".join(next(opcos, ())))


def is_made_later(record: Record, context: WriteContext) -> bool:
    """True when a newer import created the account before this one could.

    This older import then still decides the initial assignments.
    """
    return record.precedences.get(MADE, "") > context.precedence


def is_new(record: Record) -> bool:
    """True for a record that does not exist yet: every existing record has a status."""
    return STATUS not in record.assigned


def _of_new(targets: Targets, record: Record, known: DirectoryContext, profile: Profile) -> Targets:
    """Defaults for what the line of a new record does not give: a status, and perhaps a manager.

    A default manager of another opco is not assigned; the account is created without a manager.
    """
    given = {request.role for request, _ in targets}
    more: Targets = []
    if STATUS not in given:
        more.append((AssignmentRequest(STATUS, STATUS, (), operation=Operation.DEFAULT), (ACTIVE,)))
    manager = known.default_manager
    if (
        profile.about is About.ACCOUNTS
        and ACCOUNT_MANAGER not in given
        and manager is not None
        and not crosses_wall(manager, record, known.lookup)
    ):
        request = AssignmentRequest(
            ACCOUNT_MANAGER, ACCOUNT_MANAGER, (), operation=Operation.DEFAULT
        )
        more.append((request, (manager.email,)))
    return more


def _problem(
    asked: Instruction,
    record: Record,
    known: DirectoryContext,
    profile: Profile,
    context: WriteContext,
) -> Rejection | None:
    if profile.about is About.ACCOUNTS:
        is_bad = is_new(record) and is_ruined(asked.record_id)
        return _ruined(asked) if is_bad else None
    return _of_deleted(asked, record, context) or _login_taken(asked, record, known, context)


def _ruined(asked: Instruction) -> Rejection:
    return Rejection(
        asked.line,
        asked.key_label,
        "ACCOUNT_DAMAGED",
        f"line {asked.line}, {asked.key_label}: a spreadsheet has changed this id to "
        f"{asked.record_id!r}, expected the original id",
        "Format the column as text before you fill it.",
    )


def _of_deleted(asked: Instruction, record: Record, context: WriteContext) -> Rejection | None:
    """A deleted user is restored only by an explicit status, not by being in a list."""
    if (
        record.assigned.get(STATUS) != (DELETED,)
        or record.precedences.get(STATUS, "") > context.precedence
    ):
        return None
    if any(request.role == STATUS and request.names for request in asked.requests):
        return None
    return Rejection(
        asked.line,
        asked.key_label,
        "USER_DELETED",
        f"line {asked.line}, {asked.key_label}: {asked.record_id} was deleted, expected the "
        "status active, inactive or deleted",
        "Give the status active to restore the user, or delete the line.",
    )


def _login_taken(
    asked: Instruction, record: Record, known: DirectoryContext, context: WriteContext
) -> Rejection | None:
    login = login_asked(asked, record, context)
    if known.logins.get(login, asked.record_id) == asked.record_id:
        return None
    label = next(
        (request.label for request in asked.requests if request.role == LOGIN_NAME),
        asked.key_label,
    )
    return Rejection(
        asked.line,
        label,
        "LOGIN_TAKEN",
        f"line {asked.line}, {label}: another user has the login name {login!r}, or had it when "
        "this import began, expected one that nobody has",
        "Choose another login name. One that was given up is free for the next import.",
    )


def login_asked(asked: Instruction, record: Record, context: WriteContext) -> str:
    """The login name, in normal form, that the line would newly give the user; "" for none."""
    given = _heard(asked, record, context)
    if given.get(STATUS, record.assigned.get(STATUS)) == (DELETED,):
        return ""
    if LOGIN_NAME in given:
        expected = "".join(map(normal_login, given[LOGIN_NAME]))
    else:
        expected = "" if _returns_without_login(asked, record, context) else _written_login(record)
    return expected if expected != login_of(record) else ""


def _returns_without_login(asked: Instruction, record: Record, context: WriteContext) -> bool:
    """True when a deleted user is restored and the line gives no login name.

    Deletion gave up the old login name, and somebody else may ask for it meanwhile.
    """
    given = _heard(asked, record, context)
    return (
        record.assigned.get(STATUS) == (DELETED,)
        and given.get(STATUS, (DELETED,)) != (DELETED,)
        and LOGIN_NAME not in given
        and record.precedences.get(LOGIN_NAME, "") <= context.precedence
    )


def _heard(asked: Instruction, record: Record, context: WriteContext) -> dict[str, tuple[str, ...]]:
    """The fields of the line that no later import has set already."""
    return {
        request.role: request.names
        for request in asked.requests
        if record.precedences.get(request.role, "") <= context.precedence
    }


def login_of(record: Record) -> str:
    """The login name, in normal form, by which the user is found; "" for none."""
    return "" if record.assigned.get(STATUS) == (DELETED,) else _written_login(record)


def logins_since(record: Record, precedence: str) -> frozenset[str]:
    """The user's login name now, and the one before the imports from `precedence` on; "" for none.

    An import of that precedence may give neither to somebody else. So its result depends neither on
    the order in which its lines are processed nor on later imports.
    """
    before = dict(record.assigned)
    for receipt in reversed(record.receipts):
        if receipt.precedence >= precedence:
            before |= {change.role: change.before for change in receipt.changes}
    return frozenset({login_of(record), login_of(replace(record, assigned=before))})


def _written_login(record: Record) -> str:
    """The login name, in normal form, in the record."""
    return "".join(map(normal_login, record.assigned.get(LOGIN_NAME, ())))
