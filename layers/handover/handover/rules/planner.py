"""The one planner: an instruction and the facts lead to an outcome and, perhaps, a write."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from handover.model import Account, Mark, Operation, Outcome, Rejection, SeatChange, User
from handover.profiles import InactiveAccounts, NamedBy, Profile, UnknownUser, is_fact
from handover.rules.addresses import invisible_characters, is_address, look_of, normal_address
from handover.rules.damage import damage_in
from handover.rules.instructions import Instruction, Seating, too_many_users
from handover.rules.pending import address_in, is_as_left, leaves_pending, pending_seat
from handover.rules.sizes import (
    MAX_ASSIGNED_BYTES,
    MAX_DECIDED_BYTES,
    MAX_HOLDERS,
    decided_bytes,
    held_bytes,
    holders,
)

Targets = list[tuple[Seating, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Claim:
    """Who decides: an import, its place in the order of all imports, and its rivals.

    `order` sorts imports as S3 received them. `rivals` are the older imports of the tenant that
    were not final when this one was validated: only they can still write something older.
    """

    import_id: str
    order: str
    actor: str
    at: str
    rivals: frozenset[str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules may look at besides the account.

    `users` are those that a chunk names, by every normal name that it may name them by. `near`
    gives the address in the tenant's directory that is most like an unknown one, if any.
    `workflows` are the names of all the tenant has. `named` are the users by how their names
    look, `likely` the accounts that were probably meant, by the id that there is none of.
    `has_opco_wall` says that no user holds an account of another opco, whatever the profile.
    """

    users: Mapping[str, User]
    near: Callable[[str], str | None]
    workflows: frozenset[str] = frozenset()
    named: Mapping[str, Sequence[User]] = field(default_factory=dict)
    likely: Mapping[str, str] = field(default_factory=dict)
    has_opco_wall: bool = True


@dataclass(frozen=True, slots=True)
class AccountWrite:
    """The next version of an account; it may be stored only over version `account.version`."""

    account: Account
    assigned: Mapping[str, tuple[str, ...]]
    orders: Mapping[str, str]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The outcome of a line and what must be stored for it to be true.

    `message` explains an outcome that is no rejection, where it needs it.
    """

    outcome: Outcome
    changes: tuple[SeatChange, ...] = ()
    rejection: Rejection | None = None
    write: AccountWrite | None = None
    message: str = ""


def plan(
    asked: Instruction, account: Account | None, facts: Facts, profile: Profile, claim: Claim
) -> Plan:
    """What becomes of a line, given the account as it is now."""
    if account is None:
        return _rejected(_account_not_found(asked, facts))
    done = already_done(asked, account, claim)
    if done is not None:
        return done
    if not account.is_active and profile.inactive_accounts is InactiveAccounts.ERROR:
        return _rejected(_account_inactive(asked))
    targets: Targets = []
    for seating in asked.seatings:
        if seating.operation is not Operation.SET:
            users: tuple[str, ...] | Rejection = _relative(seating, account, facts)
        elif seating.is_workflow:
            users = _workflow(asked, seating, facts)
        else:
            users = resolve(asked, seating, account, facts, profile)
        if seating.instead_of is not None and not isinstance(users, Rejection):
            users = _in_place(asked, seating, users, account, profile)
        if isinstance(users, Rejection):
            return _rejected(users)
        targets.append((seating, users))
    if (barred := _nobody_resolved(asked, account, facts)) is not None:
        return _rejected(barred)
    return decide(asked, account, targets, claim)


def account_only(asked: Instruction, account: Account | None, claim: Claim) -> Plan:
    """What an import has already done to the account; NOT_PROCESSED when nothing.

    For chunks that must end without another write: a cancelled import, a dead letter.
    """
    done = already_done(asked, account, claim) if account is not None else None
    return Plan(Outcome.NOT_PROCESSED) if done is None else done


def already_done(asked: Instruction, account: Account, claim: Claim) -> Plan | None:
    """What this very line has done to the account already, whatever the facts are by now.

    Its mark tells what it changed. A line that changed nothing may have raised the order, and so
    has had an effect as well: older imports yield to it.
    """
    own = [mark for mark in account.marks if mark.import_id == claim.import_id]
    for mark in own:
        if mark.line == asked.line:
            return Plan(
                _outcome_of(mark.changes), mark.changes, message=_left_alone(asked, mark.changes)
            )
    # Where another line of the import has its mark, that one has raised the order.
    if not own and any(
        account.orders.get(seating.role) == claim.order for seating in asked.seatings
    ):
        return Plan(Outcome.UNCHANGED)
    return None


def _outcome_of(changes: tuple[SeatChange, ...]) -> Outcome:
    if leaves_pending(changes):
        return Outcome.PENDING
    if any(change.after or is_fact(change.role) for change in changes):
        return Outcome.UPDATED
    return Outcome.CLEARED


def resolve(
    asked: Instruction, seating: Seating, account: Account, facts: Facts, profile: Profile
) -> tuple[str, ...] | Rejection:
    """Who is to hold the seat, or why one of those named may not."""
    found: list[str] = []
    for name in seating.names:
        address = normal_address(address_in(name))
        user: User | Rejection | None = facts.users.get(address)
        if user is None and NamedBy.NAME in seating.by and "@" not in name:
            user = _by_name(asked, seating, name, facts)
        if isinstance(user, Rejection):
            return user
        if user is None and profile.unknown_user is UnknownUser.PENDING and is_address(address):
            found.append(pending_seat(address))
            continue
        problem = (
            _user_not_found(asked, seating, name, facts, profile)
            if user is None or user.is_deleted
            else _not_admitted(asked, seating, user, account, facts, profile)
        )
        if problem is not None:
            return problem
        if user is not None:
            found.append(user.email)
    # Who holds a role together holds it in no order: the same people are no change.
    return tuple(sorted(set(found)))


def _by_name(
    asked: Instruction, seating: Seating, name: str, facts: Facts
) -> User | Rejection | None:
    known = facts.named.get(look_of(name), ())
    if len(known) > 1:
        return Rejection(
            asked.line,
            seating.label,
            "USER_AMBIGUOUS",
            f"line {asked.line}, {seating.label}: {len(known)} users are named {name!r}; wanted "
            "one",
            "Name the user by address.",
        )
    return known[0] if known else None


def _relative(seating: Seating, account: Account, facts: Facts) -> tuple[str, ...]:
    """Who holds the role after users were taken off it, or pending addresses got their users."""
    before = account.assigned.get(seating.role, ())
    named = {normal_address(name) for name in seating.names}
    if seating.operation is Operation.REMOVE:
        return tuple([seat for seat in before if seat not in named])
    known = {
        pending_seat(address): address
        for address in named
        if (user := facts.users.get(address)) is not None
        and user.is_active
        and not crosses_wall(user, account, facts)
    }
    after = tuple(sorted({known.get(seat, seat) for seat in before}))
    return after if any(seat in known for seat in before) else before


def _nobody_resolved(asked: Instruction, account: Account, facts: Facts) -> Rejection | None:
    """The rejection of a line that names who has come, when the wall keeps all of them out.

    The others of a line get their places; what waits for somebody of another opco goes on waiting.
    """
    come = [
        (seating, user)
        for seating in asked.seatings
        if seating.operation is Operation.RESOLVE
        for name in seating.names
        if (user := facts.users.get(normal_address(name))) is not None and user.is_active
    ]
    if not come or not all(crosses_wall(user, account, facts) for _, user in come):
        return None
    seating, user = come[0]
    return _other_opco(asked, seating, user, account)


def crosses_wall(user: User, account: Account, facts: Facts) -> bool:
    """True when the tenant's wall stands between the two, whatever the profile."""
    return facts.has_opco_wall and are_apart(user, account)


def are_apart(user: User, account: Account) -> bool:
    """True when both have an opco, and not the same, in whatever Unicode form it is written."""
    return bool(user.opco and account.opco) and not _is_same_text(user.opco, account.opco)


def _in_place(
    asked: Instruction,
    seating: Seating,
    users: tuple[str, ...],
    account: Account,
    profile: Profile,
) -> tuple[str, ...] | Rejection:
    """Who holds the role once `users` have taken the place of one who held it."""
    before = account.assigned.get(seating.role, ())
    if seating.instead_of not in before:
        return before
    after = {*before} - {seating.instead_of} | {*users}
    seat = profile.seats.get(seating.role)
    most = seat.max_users if seat is not None else None
    if most is not None and len(after) > max(most, len(before)):
        return too_many_users(asked.line, seating.label, len(after), most)
    return tuple(sorted(after))


def _workflow(asked: Instruction, seating: Seating, facts: Facts) -> tuple[str, ...] | Rejection:
    found: list[str] = []
    for name in seating.names:
        known = name if name in facts.workflows else _same_text(name, facts.workflows)
        if known is None:
            return _workflow_not_found(asked, seating, name, facts)
        found.append(known)
    return tuple(found)


def _same_text(name: str, known: Iterable[str]) -> str | None:
    """The one that only the form of its characters tells from `name`, as one typed elsewhere is."""
    return next((one for one in sorted(known) if _is_same_text(one, name)), None)


def _is_same_text(one: str, other: str) -> bool:
    """True when nothing but the Unicode form of their characters tells the two apart."""
    return one == other or (
        unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    )


def _not_admitted(
    asked: Instruction,
    seating: Seating,
    user: User,
    account: Account,
    facts: Facts,
    profile: Profile,
) -> Rejection | None:
    place = f"line {asked.line}, {seating.label}: {user.email}"
    if not user.is_active:
        return Rejection(
            asked.line,
            seating.label,
            "USER_INACTIVE",
            f"{place} is inactive; wanted an active user",
            "Choose another user, or have an Admin activate this one.",
        )
    if profile.required_user_roles and not profile.required_user_roles & user.roles:
        wanted = " or ".join(sorted(profile.required_user_roles))
        have = ", ".join(sorted(user.roles)) or "none"
        return Rejection(
            asked.line,
            seating.label,
            "USER_ROLE",
            f"{place} has the user roles: {have}; wanted {wanted}",
            f"Choose a user with the role {wanted}.",
        )
    is_barred = profile.has_opco_wall and not _is_same_text(user.opco, account.opco)
    if is_barred or crosses_wall(user, account, facts):
        return _other_opco(asked, seating, user, account)
    return None


def _other_opco(asked: Instruction, seating: Seating, user: User, account: Account) -> Rejection:
    return Rejection(
        asked.line,
        seating.label,
        "OTHER_OPCO",
        f"line {asked.line}, {seating.label}: {user.email} belongs to {user.opco or 'no opco'}, "
        f"the account to {account.opco or 'no opco'}; wanted a user of the account's opco",
        "Choose a user of the account's own operating company.",
    )


def decide(asked: Instruction, account: Account, targets: Targets, claim: Claim) -> Plan:
    """What becomes of a line whose seatings are to have these holders, by the order of imports."""
    changes: list[SeatChange] = []
    # What takes users off a role, or resolves them, decides nothing that an older import could
    # not still say of the others in it: only what sets a role takes its place in the order. A
    # default holds until anybody is named.
    decided: list[str] = []
    late: list[str] = []
    left: list[str] = []
    for seating, users in targets:
        role, before = seating.role, account.assigned.get(seating.role, ())
        if account.orders.get(role, "") > claim.order:
            late.append(role)
            continue
        if (
            seating.expected is not None
            and before != users
            and not is_as_left(before, seating.expected)
        ):
            left.append(role)
            continue
        if seating.instead_of is not None and seating.instead_of not in before:
            left.append(role)
            continue
        operation = seating.operation
        if operation is Operation.SET or operation in _DECIDING:
            decided.append(role)
        if before != users:
            changes.append(SeatChange(role, before, users))
    if changes:
        changed = tuple(changes)
        write = _change(asked, account, changes, decided, claim)
        return _too_large(asked, changed, write) or Plan(
            _outcome_of(changed), changed, write=write, message=_left_alone(asked, changed)
        )
    if (late or left) and len(late) + len(left) == len(targets):
        return Plan(Outcome.SUPERSEDED, message=DECIDED_LATER if late else CHANGED_SINCE)
    return Plan(Outcome.UNCHANGED, write=_raise_orders(account, decided, claim))


_DECIDING = (Operation.RECORD, Operation.INITIAL)
DECIDED_LATER = "a later import has decided this account already"
CHANGED_SINCE = "the account has changed since"


def _left_alone(asked: Instruction, changes: Sequence[SeatChange]) -> str:
    """Which roles a line with expectations has left as they were; the same whenever it is asked."""
    changed = {change.role for change in changes}
    left = [
        seating.role
        for seating in asked.seatings
        if seating.expected is not None and seating.role not in changed
    ]
    return f"left as it was: {', '.join(left)}" if left else ""


def _change(
    asked: Instruction,
    account: Account,
    changes: list[SeatChange],
    decided: list[str],
    claim: Claim,
) -> AccountWrite:
    # Only the roles that change take this import's order, unless an older import can still
    # come and overwrite the ones that merely stayed as they were.
    changed = {change.role for change in changes}
    raised = decided if claim.rivals else [role for role in decided if role in changed]
    mark = Mark(
        claim.import_id,
        claim.order,
        asked.line,
        claim.actor,
        claim.at,
        account.version + 1,
        tuple(changes),
    )
    # A mark may be dropped once its import is final: no chunk of it is ever worked again. Older
    # imports that are no rivals are; of newer ones nothing is known here, so theirs stay.
    kept = tuple(
        mark for mark in account.marks if mark.order > claim.order or mark.import_id in claim.rivals
    )
    return AccountWrite(
        account,
        {**account.assigned, **{change.role: change.after for change in changes}},
        {**account.orders, **dict.fromkeys(raised, claim.order)},
        (*kept, mark),
    )


# So few users of so few roles are below every bound, whatever they are called.
_FEW = 20


def _too_large(
    asked: Instruction, changes: tuple[SeatChange, ...], write: AccountWrite
) -> Plan | None:
    """Why the account cannot hold what the line asks for; None when it can.

    A line that leaves no more than it found is refused only where its own change does not fit.
    What older imports have left on the account goes when they end, so it is no fault of the line:
    such a line is not processed.
    """
    before, after = write.account.assigned, write.assigned
    if len(write.marks) == 1 and len(after) <= _FEW and holders(after) <= _FEW:
        return None
    labels = {one.role: one.label for one in asked.seatings}
    label = labels.get(changes[0].role, asked.account_label)
    if (found := holders(after)) > max(MAX_HOLDERS, holders(before)):
        return _rejected(_too_many_holders(asked.line, label, found))
    if (taken := held_bytes(after)) > max(MAX_ASSIGNED_BYTES, held_bytes(before)):
        return _rejected(_too_long(asked.line, label, taken, MAX_ASSIGNED_BYTES))
    if (taken := decided_bytes(after, write.orders, write.marks[-1:])) > MAX_DECIDED_BYTES:
        return _rejected(_too_long(asked.line, label, taken, MAX_DECIDED_BYTES))
    if decided_bytes(after, write.orders, write.marks) > MAX_DECIDED_BYTES:
        return Plan(Outcome.NOT_PROCESSED, message=STILL_CHANGING)
    return None


STILL_CHANGING = "older imports that have changed this account have not ended; try again then"


def _raise_orders(account: Account, decided: list[str], claim: Claim) -> AccountWrite | None:
    if not claim.rivals:
        return None
    if all(account.orders.get(role, "") == claim.order for role in decided):
        return None
    orders = {**account.orders, **dict.fromkeys(decided, claim.order)}
    return AccountWrite(account, account.assigned, orders, account.marks)


def _rejected(rejection: Rejection) -> Plan:
    return Plan(Outcome.REJECTED, rejection=rejection)


def _account_not_found(asked: Instruction, facts: Facts) -> Rejection:
    likely = facts.likely.get(asked.account_id)
    more = damage_in(asked.account_id)
    if likely is not None:
        more = f" Did you mean {likely}?{more}"
    return Rejection(
        asked.line,
        asked.account_label,
        "ACCOUNT_NOT_FOUND",
        "The customer was not found",
        f"Check and update your customer external ID in your file.{more}",
    )


def _too_many_holders(line: int, label: str, found: int) -> Rejection:
    return Rejection(
        line,
        label,
        "TOO_MANY_USERS",
        f"line {line}, {label}: all roles of the account would hold {found:,} users together; "
        f"expected at most {MAX_HOLDERS:,}",
        "Name fewer users.",
    )


def _too_long(line: int, label: str, found: int, most: int) -> Rejection:
    return Rejection(
        line,
        label,
        "FIELD_TOO_LONG",
        f"line {line}, {label}: the users of all roles of the account would take {found:,} bytes; "
        f"expected at most {most:,}",
        "Name fewer users.",
    )


def _account_inactive(asked: Instruction) -> Rejection:
    return Rejection(
        asked.line,
        asked.account_label,
        "ACCOUNT_INACTIVE",
        f"line {asked.line}, {asked.account_label}: the account {asked.account_id} is inactive; "
        "wanted an active account",
        "Activate the account first, or delete the line.",
    )


def _workflow_not_found(asked: Instruction, seating: Seating, name: str, facts: Facts) -> Rejection:
    place = f"line {asked.line}, {seating.label}: {name!r}"
    like = {look_of(known): known for known in sorted(facts.workflows)}.get(look_of(name))
    hidden = invisible_characters(name)
    if like is None:
        hint = "Check the spelling: wanted the exact name of a workflow."
    elif hidden:
        hint = f"It holds characters that cannot be seen ({', '.join(hidden)}): type {like!r} anew."
    else:
        hint = f"The exact name is {like!r}."
    return Rejection(
        asked.line,
        seating.label,
        "WORKFLOW_NOT_FOUND",
        f"{place} is no workflow; wanted the exact name of one",
        hint,
    )


def _user_not_found(
    asked: Instruction, seating: Seating, name: str, facts: Facts, profile: Profile
) -> Rejection:
    place = f"line {asked.line}, {seating.label}: {name!r} is no user"
    hidden = invisible_characters(name)
    known = facts.users.get(normal_address(address_in(name)))
    if known is not None and known.is_deleted:
        hint = (
            f"line {asked.line}, {seating.label}: {name!r} was deleted. Choose another user, or "
            "have this one created again."
        )
    elif hidden:
        hint = f"{place}; it holds characters that cannot be seen ({', '.join(hidden)}). Retype it."
    elif (near := facts.near(normal_address(name))) is not None:
        hint = f"{place}; did you mean {near}?"
    elif any(mark in name.strip() for mark in (",", ";", " ")):
        seat = profile.seats.get(seating.role)
        takes_one = profile.list_separator is None or (seat is not None and seat.max_users == 1)
        hint = (
            f"{place}; wanted the {_ways_spoken(seating)} of one user in this cell."
            if takes_one
            else f"{place}; wanted addresses separated by {profile.list_separator!r}."
        )
    else:
        hint = f"{place}. Correct the {_ways_spoken(seating)}, or have the user created first."
    return Rejection(
        asked.line, seating.label, "USER_NOT_FOUND", "User not found, check the email", hint
    )


def _ways_spoken(seating: Seating) -> str:
    """What a cell names a user by, in words."""
    words = {NamedBy.EMAIL: "address", NamedBy.LOGIN: "login name", NamedBy.NAME: "name"}
    return " or ".join(word for way, word in words.items() if way in seating.by) or "address"
