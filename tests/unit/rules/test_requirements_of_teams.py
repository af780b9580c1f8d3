"""Requirements of the system with a team for each account: tenant's roles, names, pending users.

Each test carries the numbers it holds.
"""

from __future__ import annotations

from typing import Any

import pytest
from handover.errors import InvalidRequestError, RefusedError
from handover.model import Account, Line, Outcome, Rejection, RoleChange, User
from handover.profiles.binding import bind
from handover.profiles.parsing import profile_from, profile_json
from handover.profiles.presets import presets
from handover.profiles.profile import Profile, Role
from handover.profiles.template import template_csv
from handover.rules.addresses import normalized_name
from handover.rules.decision import Decision, LookupContext
from handover.rules.instructions import instruction_of
from handover.rules.nearness import nearest
from handover.rules.planner import plan
from msgspec.structs import replace

from tests.unit.rules.scenery import context

CSM, RENEWAL = "CSM", "Renewal Manager"
TEAM = presets()["role-team"].with_roles([Role(CSM, 1), Role(RENEWAL, 1)])

ANA = User("ana@y.example", "Ana Lima", frozenset())
BO = User("bo@y.example", "Bo Adler", frozenset())
BO_TOO = User("bo.2@y.example", "Bo  ADLER", frozenset())
DAN = User("dan@y.example", "Dan Gone", frozenset(), is_active=False, is_deleted=True)
EVE = User("eve@y.example", "Eve Away", frozenset(), is_active=False)
EVERYBODY = (ANA, BO, BO_TOO, DAN, EVE)


def lookup(*users: User) -> LookupContext:
    named: dict[str, list[User]] = {}
    for user in users:
        if not user.is_deleted:
            named.setdefault(normalized_name(user.name), []).append(user)
    by_address = {user.email: user for user in users}
    return LookupContext(by_address, nearest(tuple(by_address)), named=named)


def customer(**lookup: Any) -> Account:
    return replace(Account("lumina", "A-1", 3), **lookup)


def decided(
    header: tuple[str, ...],
    *cells: str,
    of: Account | None = None,
    profile: Profile = TEAM,
    known: tuple[User, ...] = EVERYBODY,
) -> Decision:
    binding = bind(("account ID", *header), profile, mapping={}, line=1)
    instruction = instruction_of(Line(2, ("A-1", *cells)), binding, profile)
    if isinstance(instruction, Rejection):
        return Decision(Outcome.REJECTED, rejection=instruction)
    return plan(instruction, of or customer(), lookup(*known), profile, context())


def code(planned: Decision) -> str:
    assert planned.rejection is not None, planned
    return planned.rejection.code


def role_change(role: str, *users: str, before: tuple[str, ...] = ()) -> tuple[RoleChange, ...]:
    return (RoleChange(role, before, users),)


def test_r44_r45_r63_each_of_the_tenants_roles_has_its_own_columns_on_one_line() -> None:
    planned = decided((f"{CSM}___tid", RENEWAL), "ana@y.example", "bo.2@y.example")

    assert planned.outcome is Outcome.UPDATED
    assert planned.changes == (
        RoleChange(CSM, (), ("ana@y.example",)),
        RoleChange(RENEWAL, (), ("bo.2@y.example",)),
    )


def test_r45_a_column_of_a_role_that_the_tenant_does_not_have_is_discarded() -> None:
    binding = bind(("account ID", f"{CSM}___tid", "Sponsor___tid"), TEAM, mapping={}, line=1)

    assert [assignee.role for assignee in binding.roles] == [CSM]


def test_r45_a_file_for_a_tenant_without_roles_is_refused_and_says_so() -> None:
    with pytest.raises(RefusedError, match="the tenant has none yet"):
        bind(
            ("account ID", f"{CSM}___tid"),
            presets()["role-team"].with_roles([]),
            mapping={},
            line=1,
        )


def test_r48_the_address_is_in_the_column_of_the_role_with_three_underscores() -> None:
    planned = decided(("csm___TID",), " Ana@Y.example ")

    assert planned.changes == role_change(CSM, "ana@y.example")


def test_r50_the_template_names_the_recommended_column_of_each_role() -> None:
    assert template_csv(TEAM).decode("utf-8-sig") == (
        "account ID,CSM___tid,Renewal Manager___tid,Current CSM,Current Renewal Manager\r\n"
    )


def test_r51_the_crms_own_labels_are_mapped() -> None:
    mapping = {"Owner Email": f"{CSM}___tid", "Acct": "account ID"}

    binding = bind(("Owner Email", "Acct", "Stage"), TEAM, mapping=mapping, line=1)

    assert (binding.key, binding.roles[0].index, binding.roles[0].role) == (1, 0, CSM)


@pytest.mark.parametrize("cell", ["Ana Lima", "ana lima", " Ana\u00a0 Lima"])
def test_r55_r59_a_name_in_the_plain_column_finds_its_user(cell: str) -> None:
    assert decided((CSM,), cell).changes == role_change(CSM, "ana@y.example")


def test_a_cell_with_an_at_sign_is_never_a_name() -> None:
    ana = User("ana@y.example", "Ana @ Acme", frozenset())

    assert code(decided((CSM,), "Ana @ Acme", known=(ana,))) == "USER_NOT_FOUND"


def test_r56_r60_a_name_of_several_users_is_only_counted() -> None:
    planned = decided((CSM, f"{RENEWAL}___tid"), "Bo Adler", "ana@y.example")

    assert code(planned) == "USER_AMBIGUOUS"
    assert planned.write is None
    assert planned.rejection is not None
    assert "2 users are named 'Bo Adler'" in planned.rejection.error
    assert "@" not in planned.rejection.error + planned.rejection.hint


def test_r57_the_address_wins_over_the_name() -> None:
    columns = (CSM, f"{CSM}___tid")

    assert decided(columns, "Bo Adler", "ana@y.example").changes == role_change(
        CSM, "ana@y.example"
    )
    assert decided(columns, "Nobody", "ana@y.example").changes == role_change(CSM, "ana@y.example")
    assert decided(columns, "Ana Lima", "").changes == role_change(CSM, "ana@y.example")
    assert decided(columns, "", "").outcome is Outcome.UNCHANGED


def test_r58_an_unknown_address_is_kept_as_pending() -> None:
    planned = decided((f"{CSM}___tid",), "Fay@y.example")

    assert planned.outcome is Outcome.PENDING
    assert planned.changes == role_change(CSM, "pending:fay@y.example")


def test_r58_a_pending_address_that_is_sent_again_is_unchanged() -> None:
    held = customer(assigned={CSM: ("pending:fay@y.example",)})

    assert decided((f"{CSM}___tid",), "fay@y.example", of=held).outcome is Outcome.UNCHANGED


def test_r58_a_pending_address_becomes_its_user_when_it_is_sent_after_the_user_was_created() -> (
    None
):
    held = customer(assigned={CSM: ("pending:ana@y.example",)})

    planned = decided((f"{CSM}___tid",), "ana@y.example", of=held)

    assert planned.outcome is Outcome.UPDATED
    assert planned.changes == role_change(CSM, "ana@y.example", before=("pending:ana@y.example",))


@pytest.mark.parametrize(
    "cell",
    [
        "fay",
        "fay@",
        "@y.example",
        "fay@y@z",
        "fay @y.example",
        "fay\u200b@y.example",
        "fay,bo@y.example",
        "fay;bo@y.example",
        "fay\uff0cbo@y.example",
        '"fay"@y.example',
        "pending:pending:fay@y.example",
    ],
)
def test_r58_a_text_that_is_not_an_address_is_never_pending(cell: str) -> None:
    assert code(decided((f"{CSM}___tid",), cell)) == "USER_NOT_FOUND"


def test_r60_an_unknown_name_is_not_stored() -> None:
    assert code(decided((CSM,), "Zoe Nobody")) == "USER_NOT_FOUND"


def test_r61_an_address_in_the_plain_column_is_read_as_an_address() -> None:
    assert decided((CSM,), "ana@y.example").changes == role_change(CSM, "ana@y.example")
    assert decided((CSM,), "fay@y.example").outcome is Outcome.PENDING


def test_c15_a_deleted_user_does_not_become_pending() -> None:
    planned = decided((f"{CSM}___tid",), "dan@y.example")

    assert code(planned) == "USER_NOT_FOUND"
    assert planned.rejection is not None
    assert "was deleted" in planned.rejection.hint


def test_an_inactive_user_is_neither_assigned_nor_pending() -> None:
    assert code(decided((f"{CSM}___tid",), "eve@y.example")) == "USER_INACTIVE"


@pytest.mark.parametrize("field", [{"required_user_roles": ["Sales"]}, {"opco_wall": True}])
def test_a_profile_with_pending_users_cannot_require_a_user_role_or_an_opco(
    field: dict[str, object],
) -> None:
    with pytest.raises(InvalidRequestError, match="pending") as wrong:
        profile_from(profile_json(TEAM) | field)

    assert wrong.value.field == "unknown_user"
