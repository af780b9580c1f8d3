"""The one planner: an instruction and its context give an outcome and, perhaps, a write."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from handover.model import (
    Account,
    ChangeReceipt,
    Operation,
    Outcome,
    Record,
    Rejection,
    RoleChange,
    User,
)
from handover.profiles.fields import is_field
from handover.profiles.profile import InactiveAccounts, NamedBy, Profile, UnknownUser
from handover.rules.addresses import (
    invisible_characters,
    is_address,
    normal_address,
    normalized_name,
)
from handover.rules.damage import damage_in
from handover.rules.instructions import AssignmentRequest, Instruction, too_many_users
from handover.rules.pending import address_in, is_as_left, leaves_pending, pending_assignee
from handover.rules.reasons import (
    CHANGED_SINCE,
    decided_later,
    named,
    reason_of_change,
    reason_to_leave,
    since,
    unmet,
)
from handover.rules.sizes import (
    MAX_ASSIGNED_BYTES,
    MAX_DECIDED_BYTES,
    MAX_HOLDERS,
    decided_bytes,
    held_bytes,
    holders,
)

Targets = list[tuple[AssignmentRequest, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class WriteContext:
    """Who decides: an import, its precedence among all imports, and its older open imports.

    `precedence` sorts imports as S3 received them. `older_open_imports` are those of the tenant
    that were not final when this one was validated: only they can still write something older.
    """

    import_id: str
    precedence: str
    actor: str
    at: str
    older_open_imports: frozenset[str]


@dataclass(frozen=True, slots=True)
class LookupContext:
    """What the rules may read besides the account.

    `users` are those that a chunk names, by every normal name that it may use for them. `near`
    gives the address in the tenant's directory that is most like an unknown one, if any.
    `workflows` are the names of all workflows of the tenant. `named` are the users by normalized
    name, `likely` the accounts that were probably meant, by unknown id. With `has_opco_wall` no
    user may hold an account of another opco, whatever the profile.
    """

    users: Mapping[str, User]
    near: Callable[[str], str | None]
    workflows: frozenset[str] = frozenset()
    named: Mapping[str, Sequence[User]] = field(default_factory=dict)
    likely: Mapping[str, str] = field(default_factory=dict)
    has_opco_wall: bool = True


@dataclass(frozen=True, slots=True)
class RecordWrite:
    """The next version of a record; it may be stored only over version `record.version`."""

    record: Record
    assigned: Mapping[str, tuple[str, ...]]
    precedences: Mapping[str, str]
    receipts: tuple[ChangeReceipt, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of a line and what must be stored for it to be true.

    `message` explains an outcome other than a rejection, where it needs it.
    """

    outcome: Outcome
    changes: tuple[RoleChange, ...] = ()
    rejection: Rejection | None = None
    write: RecordWrite | None = None
    message: str = ""


def plan(
    asked: Instruction,
    account: Account | None,
    lookup: LookupContext,
    profile: Profile,
    context: WriteContext,
) -> Decision:
    """The decision for a line, given the account as it is now."""
    if account is None:
        return _rejected(_account_not_found(asked, lookup))
    done = already_done(asked, account, context)
    if done is not None:
        return done
    if not account.is_active and profile.inactive_accounts is InactiveAccounts.ERROR:
        return _rejected(_account_inactive(asked))
    targets: Targets = []
    resolves = False
    for request in asked.requests:
        if request.operation is not Operation.SET:
            resolves = resolves or request.operation is Operation.RESOLVE
            users: tuple[str, ...] | Rejection = _relative(request, account, lookup)
        elif request.is_workflow:
            users = _workflow(asked, request, lookup)
        else:
            users = resolve(asked, request, account, lookup, profile)
        if request.instead_of is not None and not isinstance(users, Rejection):
            users = _in_place(asked, request, users, account, profile)
        if isinstance(users, Rejection):
            return _rejected(users)
        targets.append((request, users))
    if resolves and (barred := _nobody_resolved(asked, account, lookup)) is not None:
        return _rejected(barred)
    if asked.conditions:
        stopped = _stopped(asked, account, targets, lookup, profile)
        if stopped is not None:
            return stopped
    return decide(asked, account, targets, context)


def _stopped(
    asked: Instruction,
    account: Account,
    targets: Targets,
    lookup: LookupContext,
    profile: Profile,
) -> Decision | None:
    """The decision for a line whose conditions the account does not meet; None if it does."""
    required = _required(asked, account, lookup, profile)
    if isinstance(required, Rejection):
        return _rejected(required)
    # A role that is held as the line asks needs no condition: the line may come a second time.
    done_already = {
        request.role
        for request, users in targets
        if account.assigned.get(request.role, ()) == users
    }
    failed = unmet(account, [one for one in required if one[0].role not in done_already])
    return Decision(Outcome.SUPERSEDED, message="; ".join(failed)) if failed else None


def _required(
    asked: Instruction, account: Account, lookup: LookupContext, profile: Profile
) -> Targets | Rejection:
    """Who must hold which role by the line's conditions, or why a name there is nobody's.

    Anybody may be named who is in the directory, or who holds the role as the account is now: also
    users who may not get it any more.
    """
    required: Targets = []
    for request in asked.conditions:
        held = account.assigned.get(request.role, ())
        if request.is_workflow:
            # A workflow may have been removed since the account follows it.
            names = {*lookup.workflows, *held}
            users = _workflow(asked, request, replace(lookup, workflows=frozenset(names)))
        else:
            users = _holders(asked, request, held, lookup, profile)
        if isinstance(users, Rejection):
            return users
        required.append((request, users))
    return required


def _user_named(
    asked: Instruction, request: AssignmentRequest, name: str, address: str, lookup: LookupContext
) -> User | Rejection | None:
    """The user of an address, or of a name where the column admits names; None = there is none.

    `address` is the name in the normal form of addresses.
    """
    user = lookup.users.get(address)
    if user is None and NamedBy.NAME in request.by and "@" not in name:
        return _by_name(asked, request, name, lookup)
    return user


def _holders(
    asked: Instruction,
    request: AssignmentRequest,
    held: tuple[str, ...],
    lookup: LookupContext,
    profile: Profile,
) -> tuple[str, ...] | Rejection:
    found: list[str] = []
    for name in request.names:
        address = normal_address(address_in(name))
        user = _user_named(asked, request, name, address, lookup)
        if isinstance(user, Rejection):
            return user
        awaited = pending_assignee(address)
        may_wait = profile.unknown_user is UnknownUser.PENDING and is_address(address)
        if user is not None:
            found.append(user.email)
        elif address in held:
            found.append(address)
        elif awaited in held or may_wait:
            found.append(awaited)
        else:
            return _user_not_found(asked, request, name, lookup, profile)
    return tuple(sorted(set(found)))


def account_only(asked: Instruction, account: Account | None, context: WriteContext) -> Decision:
    """What an import has already done to the account; NOT_PROCESSED when nothing.

    For chunks that must end without another write: a cancelled import, a dead letter.
    """
    done = already_done(asked, account, context) if account is not None else None
    return Decision(Outcome.NOT_PROCESSED) if done is None else done


def already_done(asked: Instruction, account: Account, context: WriteContext) -> Decision | None:
    """What this very line has already done to the account, whatever the data is now.

    Its receipt says what it changed. A line that changed nothing may have raised the precedence,
    which is an effect as well: older imports yield to it.
    """
    own = [receipt for receipt in account.receipts if receipt.import_id == context.import_id]
    for receipt in own:
        if receipt.line == asked.line:
            return Decision(
                _outcome_of(receipt.changes),
                receipt.changes,
                message=reason_of_change(asked, receipt.changes),
            )
    # Where another line of the import has its receipt, that line has raised the precedence.
    if not own and any(
        account.precedences.get(request.role) == context.precedence for request in asked.requests
    ):
        return Decision(
            Outcome.UNCHANGED, message=reason_to_leave(account, asked, context.precedence)
        )
    return None


def _outcome_of(changes: tuple[RoleChange, ...]) -> Outcome:
    if leaves_pending(changes):
        return Outcome.PENDING
    if any(change.after or is_field(change.role) for change in changes):
        return Outcome.UPDATED
    return Outcome.CLEARED


def resolve(
    asked: Instruction,
    request: AssignmentRequest,
    account: Account,
    lookup: LookupContext,
    profile: Profile,
) -> tuple[str, ...] | Rejection:
    """Who gets the role, or why one of the named users may not hold it."""
    found: list[str] = []
    for name in request.names:
        address = normal_address(address_in(name))
        user = _user_named(asked, request, name, address, lookup)
        if isinstance(user, Rejection):
            return user
        if user is None and profile.unknown_user is UnknownUser.PENDING and is_address(address):
            found.append(pending_assignee(address))
            continue
        problem = (
            _user_not_found(asked, request, name, lookup, profile)
            if user is None or user.is_deleted
            else _not_admitted(asked, request, user, account, lookup, profile)
        )
        if problem is not None:
            return problem
        if user is not None:
            found.append(user.email)
    # The holders of a role have no order: the same people are no change.
    return tuple(sorted(set(found))) if len(found) > 1 else tuple(found)


def _by_name(
    asked: Instruction, request: AssignmentRequest, name: str, lookup: LookupContext
) -> User | Rejection | None:
    known = lookup.named.get(normalized_name(name), ())
    if len(known) > 1:
        return Rejection(
            asked.line,
            request.label,
            "USER_AMBIGUOUS",
            f"line {asked.line}, {request.label}: {len(known)} users are named {name!r}, expected "
            "one",
            "Name the user by address.",
        )
    return known[0] if known else None


def _relative(
    request: AssignmentRequest, account: Account, lookup: LookupContext
) -> tuple[str, ...]:
    """The holders after users were removed from the role, or pending addresses were resolved."""
    before = account.assigned.get(request.role, ())
    named = {normal_address(name) for name in request.names}
    if request.operation is Operation.REMOVE:
        return tuple([assignee for assignee in before if assignee not in named])
    known = {
        pending_assignee(address): address
        for address in named
        if (user := lookup.users.get(address)) is not None
        and user.is_active
        and not crosses_wall(user, account, lookup)
    }
    after = tuple(sorted({known.get(assignee, assignee) for assignee in before}))
    return after if any(assignee in known for assignee in before) else before


def _nobody_resolved(
    asked: Instruction, account: Account, lookup: LookupContext
) -> Rejection | None:
    """The rejection of a line that names new users, when the wall keeps all of them out.

    Otherwise the admitted users are assigned; users of another opco stay pending.
    """
    come = [
        (request, user)
        for request in asked.requests
        if request.operation is Operation.RESOLVE
        for name in request.names
        if (user := lookup.users.get(normal_address(name))) is not None and user.is_active
    ]
    if not come or not all(crosses_wall(user, account, lookup) for _, user in come):
        return None
    request, user = come[0]
    return _other_opco(asked, request, user, account)


def crosses_wall(user: User, account: Account, lookup: LookupContext) -> bool:
    """True when the tenant's wall separates the two, whatever the profile."""
    return lookup.has_opco_wall and are_apart(user, account)


def are_apart(user: User, account: Account) -> bool:
    """True when both have an opco and the two differ, whatever their Unicode form."""
    return bool(user.opco and account.opco) and not _is_same_text(user.opco, account.opco)


def _in_place(
    asked: Instruction,
    request: AssignmentRequest,
    users: tuple[str, ...],
    account: Account,
    profile: Profile,
) -> tuple[str, ...] | Rejection:
    """The holders of the role after `users` have replaced one of them."""
    before = account.assigned.get(request.role, ())
    if request.instead_of not in before:
        return before
    after = {*before} - {request.instead_of} | {*users}
    definition = profile.roles.get(request.role)
    most = definition.max_users if definition is not None else None
    if most is not None and len(after) > max(most, len(before)):
        return too_many_users(asked.line, request.label, len(after), most)
    return tuple(sorted(after))


def _workflow(
    asked: Instruction, request: AssignmentRequest, lookup: LookupContext
) -> tuple[str, ...] | Rejection:
    found: list[str] = []
    for name in request.names:
        known = name if name in lookup.workflows else _same_text(name, lookup.workflows)
        if known is None:
            return _workflow_not_found(asked, request, name, lookup)
        found.append(known)
    return tuple(found)


def _same_text(name: str, known: Iterable[str]) -> str | None:
    """The known name that differs from `name` only in its Unicode form, as if typed elsewhere."""
    return next((one for one in sorted(known) if _is_same_text(one, name)), None)


def _is_same_text(one: str, other: str) -> bool:
    """True when the two differ at most in the Unicode form of their characters."""
    return one == other or (
        unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    )


def _not_admitted(
    asked: Instruction,
    request: AssignmentRequest,
    user: User,
    account: Account,
    lookup: LookupContext,
    profile: Profile,
) -> Rejection | None:
    if not user.is_active:
        return Rejection(
            asked.line,
            request.label,
            "USER_INACTIVE",
            f"line {asked.line}, {request.label}: {user.email} is inactive, "
            "expected an active user",
            "Choose another user, or have an Admin activate this one.",
        )
    if profile.required_user_roles and not profile.required_user_roles & user.roles:
        required = " or ".join(sorted(profile.required_user_roles))
        have = ", ".join(sorted(user.roles)) or "none"
        return Rejection(
            asked.line,
            request.label,
            "USER_ROLE",
            f"line {asked.line}, {request.label}: {user.email} has the user roles: {have}, "
            f"expected {required}",
            f"Choose a user with the role {required}.",
        )
    is_barred = profile.has_opco_wall and not _is_same_text(user.opco, account.opco)
    if is_barred or crosses_wall(user, account, lookup):
        return _other_opco(asked, request, user, account)
    return None


def _other_opco(
    asked: Instruction, request: AssignmentRequest, user: User, account: Account
) -> Rejection:
    return Rejection(
        asked.line,
        request.label,
        "OTHER_OPCO",
        f"line {asked.line}, {request.label}: {user.email} belongs to {user.opco or 'no opco'}, "
        f"the account to {account.opco or 'no opco'}, expected a user of the account's opco",
        "Choose a user of the account's own operating company.",
    )


def decide(
    asked: Instruction, account: Account, targets: Targets, context: WriteContext
) -> Decision:
    """The decision for a line whose requests give these holders, by the precedence of imports."""
    changes: list[RoleChange] = []
    # Removing or resolving users does not decide what an older import could still say about the
    # others in the role: only a line that sets a role takes precedence for it. A default holds
    # until anybody is named.
    decided: list[str] = []
    late: list[str] = []
    left: list[str] = []
    for request, users in targets:
        role, before = request.role, account.assigned.get(request.role, ())
        if account.precedences.get(role, "") > context.precedence:
            late.append(role)
            continue
        if (
            request.expected is not None
            and before != users
            and not is_as_left(before, request.expected)
        ):
            found = f"{named(before)}{since(account, [role])}"
            left.append(f"{role} is {found}, expected {named(request.expected)}")
            continue
        if request.instead_of is not None and request.instead_of not in before:
            found = f"{named(before)}{since(account, [role])}"
            left.append(f"{role} is {found}, expected {request.instead_of} in it")
            continue
        operation = request.operation
        if operation is Operation.SET or operation in _DECIDING:
            decided.append(role)
        if before != users:
            changes.append(RoleChange(role, before, users))
    if changes:
        changed = tuple(changes)
        write = _change(asked, account, changes, decided, context)
        return _too_large(asked, changed, write) or Decision(
            _outcome_of(changed), changed, write=write, message=reason_of_change(asked, changed)
        )
    if (late or left) and len(late) + len(left) == len(targets):
        why = decided_later(account, late) if late else f"{CHANGED_SINCE}: {'; '.join(left)}"
        return Decision(Outcome.SUPERSEDED, message=why)
    return Decision(
        Outcome.UNCHANGED,
        write=_raise_precedences(account, decided, context),
        message=reason_to_leave(account, asked, context.precedence),
    )


_DECIDING = (Operation.RECORD, Operation.INITIAL)


def _change(
    asked: Instruction,
    account: Account,
    changes: list[RoleChange],
    decided: list[str],
    context: WriteContext,
) -> RecordWrite:
    # Only the roles that change take this import's precedence, unless an older import can still
    # write and overwrite the ones that merely stayed as they were.
    changed = {change.role for change in changes}
    raised = (
        decided if context.older_open_imports else [role for role in decided if role in changed]
    )
    receipt = ChangeReceipt(
        context.import_id,
        context.precedence,
        asked.line,
        context.actor,
        context.at,
        account.version + 1,
        tuple(changes),
    )
    # A receipt may be dropped once its import is final: no chunk of it is processed again. Older
    # imports that are not open are final; nothing is known of newer ones here, so theirs stay.
    kept = tuple(
        receipt
        for receipt in account.receipts
        if receipt.precedence > context.precedence
        or receipt.import_id in context.older_open_imports
    )
    return RecordWrite(
        account,
        {**account.assigned, **{change.role: change.after for change in changes}},
        {**account.precedences, **dict.fromkeys(raised, context.precedence)},
        (*kept, receipt),
    )


# This few users of this few roles are below every limit, whatever their names.
_FEW = 20


def _too_large(
    asked: Instruction, changes: tuple[RoleChange, ...], write: RecordWrite
) -> Decision | None:
    """Why the account cannot hold what the line asks for; None when it can.

    A line that does not make the account larger is refused only where its own change does not fit.
    Receipts of older imports are dropped when those end, so they are not an error of the line: such
    a line is not processed.
    """
    before, after = write.record.assigned, write.assigned
    if len(write.receipts) == 1 and len(after) <= _FEW and holders(after) <= _FEW:
        return None
    labels = {one.role: one.label for one in asked.requests}
    label = labels.get(changes[0].role, asked.key_label)
    if (found := holders(after)) > max(MAX_HOLDERS, holders(before)):
        return _rejected(_too_many_holders(asked.line, label, found))
    if (taken := held_bytes(after)) > max(MAX_ASSIGNED_BYTES, held_bytes(before)):
        return _rejected(_too_long(asked.line, label, taken, MAX_ASSIGNED_BYTES))
    if (taken := decided_bytes(after, write.precedences, write.receipts[-1:])) > MAX_DECIDED_BYTES:
        return _rejected(_too_long(asked.line, label, taken, MAX_DECIDED_BYTES))
    if decided_bytes(after, write.precedences, write.receipts) > MAX_DECIDED_BYTES:
        return Decision(Outcome.NOT_PROCESSED, message=STILL_CHANGING)
    return None


STILL_CHANGING = "older imports that have changed this account have not ended; try again then"


def _raise_precedences(
    account: Account, decided: list[str], context: WriteContext
) -> RecordWrite | None:
    if not context.older_open_imports:
        return None
    if all(account.precedences.get(role, "") == context.precedence for role in decided):
        return None
    precedences = {**account.precedences, **dict.fromkeys(decided, context.precedence)}
    return RecordWrite(account, account.assigned, precedences, account.receipts)


def _rejected(rejection: Rejection) -> Decision:
    return Decision(Outcome.REJECTED, rejection=rejection)


def _account_not_found(asked: Instruction, lookup: LookupContext) -> Rejection:
    likely = lookup.likely.get(asked.record_id)
    more = damage_in(asked.record_id)
    if likely is not None:
        more = f" Did you mean {likely}?{more}"
    return Rejection(
        asked.line,
        asked.key_label,
        "ACCOUNT_NOT_FOUND",
        "The customer was not found",
        f"Check and update your customer external ID in your file.{more}",
        likely or "",
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
        asked.key_label,
        "ACCOUNT_INACTIVE",
        f"line {asked.line}, {asked.key_label}: the account {asked.record_id} is inactive; "
        "expected an active account",
        "Activate the account first, or delete the line.",
    )


def _workflow_not_found(
    asked: Instruction, request: AssignmentRequest, name: str, lookup: LookupContext
) -> Rejection:
    place = f"line {asked.line}, {request.label}: {name!r}"
    like = {normalized_name(known): known for known in sorted(lookup.workflows)}.get(
        normalized_name(name)
    )
    hidden = invisible_characters(name)
    if like is None:
        hint = "Check the spelling: expected the exact name of a workflow."
    elif hidden:
        hint = (
            f"It holds characters that cannot be seen ({', '.join(hidden)}): type {like!r} again."
        )
    else:
        hint = f"The exact name is {like!r}."
    return Rejection(
        asked.line,
        request.label,
        "WORKFLOW_NOT_FOUND",
        f"{place} is no workflow, expected the exact name of one",
        hint,
        like or "",
    )


def _user_not_found(
    asked: Instruction,
    request: AssignmentRequest,
    name: str,
    lookup: LookupContext,
    profile: Profile,
) -> Rejection:
    place = f"line {asked.line}, {request.label}: {name!r} is no user"
    hidden = invisible_characters(name)
    known = lookup.users.get(normal_address(address_in(name)))
    suggestion = ""
    if known is not None and known.is_deleted:
        hint = (
            f"line {asked.line}, {request.label}: {name!r} was deleted. Choose another user, or "
            "have this one created again."
        )
    elif hidden:
        hint = f"{place}; it holds characters that cannot be seen ({', '.join(hidden)}). Retype it."
    elif (near := lookup.near(normal_address(name))) is not None:
        hint = f"{place}; did you mean {near}?"
        suggestion = _cell_with(near, name, request, profile)
    elif any(sign in name.strip() for sign in (",", ";", " ")):
        definition = profile.roles.get(request.role)
        takes_one = profile.list_separator is None or (
            definition is not None and definition.max_users == 1
        )
        hint = (
            f"{place}, expected the {_ways_spoken(request)} of one user in this cell."
            if takes_one
            else f"{place}, expected addresses separated by {profile.list_separator!r}."
        )
    else:
        hint = f"{place}. Correct the {_ways_spoken(request)}, or have the user created first."
    return Rejection(
        asked.line,
        request.label,
        "USER_NOT_FOUND",
        "User not found, check the email",
        hint,
        suggestion,
    )


def _cell_with(near: str, name: str, request: AssignmentRequest, profile: Profile) -> str:
    """The names of the cell with `near` in place of `name`."""
    names = [near if one == name else one for one in request.names]
    return f"{profile.list_separator or ''} ".join(names)


def _ways_spoken(request: AssignmentRequest) -> str:
    """How a cell may name a user, in words."""
    words = {NamedBy.EMAIL: "address", NamedBy.LOGIN: "login name", NamedBy.NAME: "name"}
    return " or ".join(word for way, word in words.items() if way in request.by) or "address"
