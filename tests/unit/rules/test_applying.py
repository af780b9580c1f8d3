"""Applying a preview: a line has the effect that was shown, or says what has changed."""

from __future__ import annotations

from handover.model import Account, ChangeReceipt, Outcome, Rejection, RoleChange
from handover.rules.applying import (
    Preview,
    changed_since,
    is_as_previewed,
    only_previewed,
    preview_of,
)
from handover.rules.decision import Decision
from msgspec.structs import replace

ANA, BO = "ana@y.example", "bo@y.example"
ACCOUNT = Account("y", "A1", 3, opco="Kenya", assigned={"owner": (ANA,), "viewer": ()})
CHANGE = (RoleChange("owner", (ANA,), (BO,)),)
PLAN = Decision(Outcome.UPDATED, CHANGE)
REJECTED = Decision(Outcome.REJECTED, rejection=Rejection(2, "owner", "USER_NOT_FOUND", "no user"))
PREVIEW = preview_of(PLAN, ACCOUNT)


def test_a_preview_stores_the_version_and_all_that_the_account_held() -> None:
    held = {"owner": (ANA,), "#opco": ("Kenya",), "#status": ("active",)}

    assert Preview(3, Outcome.UPDATED, CHANGE, "", held) == PREVIEW
    assert preview_of(REJECTED, None) == Preview(0, Outcome.REJECTED, (), "USER_NOT_FOUND", {})


def test_an_account_counts_as_previewed_while_it_has_the_version() -> None:
    assert is_as_previewed(PREVIEW, ACCOUNT)
    assert not is_as_previewed(PREVIEW, replace(ACCOUNT, version=4))
    assert not is_as_previewed(PREVIEW, None)
    assert not is_as_previewed(None, ACCOUNT)
    assert is_as_previewed(preview_of(REJECTED, None), None)
    assert not is_as_previewed(preview_of(REJECTED, None), ACCOUNT)


def test_every_differing_role_and_field_is_reported_with_who_changed_it_last() -> None:
    receipt = ChangeReceipt("i", "o", 2, "eve@y.example", "2026-07-01T08:00:00.000Z", 5, ())
    older = replace(receipt, version=4, actor="somebody else")
    now = replace(
        ACCOUNT,
        version=5,
        assigned={"owner": (), "viewer": (ANA, BO)},
        is_active=False,
        portals=("north",),
        receipts=(receipt, older),
    )

    planned = changed_since(PREVIEW, now)

    assert (planned.outcome, planned.write) == (Outcome.SUPERSEDED, None)
    assert planned.message == (
        "changed since the preview: portals was empty, is north; status was active, is inactive; "
        f"owner was {ANA}, is nobody; viewer was nobody, is {ANA}, {BO} "
        "(last by eve@y.example, 2026-07-01T08:00:00.000Z)"
    )


def test_an_account_that_was_confirmed_created_or_deleted_since_is_reported_so() -> None:
    confirmed = changed_since(PREVIEW, replace(ACCOUNT, version=4))
    made = changed_since(preview_of(REJECTED, None), ACCOUNT)
    gone = changed_since(PREVIEW, None)

    assert [one.message.removeprefix("changed since the preview: ") for one in (made, gone)] == [
        "the account was created",
        "the account is gone",
    ]
    assert confirmed.message.endswith("the account was written again with the same values")


def test_a_line_that_was_not_previewed_is_not_processed() -> None:
    assert changed_since(None, ACCOUNT).outcome is Outcome.NOT_PROCESSED


def test_a_line_with_the_previewed_effect_is_applied() -> None:
    assert only_previewed(PLAN, PREVIEW) is PLAN


def test_a_line_that_is_rejected_by_now_has_its_own_reason() -> None:
    assert only_previewed(REJECTED, PREVIEW) is REJECTED


def test_a_line_with_another_effect_is_not_applied() -> None:
    other = Decision(Outcome.UPDATED, (RoleChange("owner", (ANA,), ()),))

    idle = only_previewed(PLAN, preview_of(Decision(Outcome.UNCHANGED), ACCOUNT))
    after_update = only_previewed(other, PREVIEW)
    after_rejection = only_previewed(PLAN, preview_of(REJECTED, ACCOUNT))

    assert after_update.outcome is after_rejection.outcome is Outcome.SUPERSEDED
    assert after_update.message.startswith(
        f"the preview showed: updated (owner {BO}). It would now be: updated (owner nobody)."
    )
    assert "showed: rejected (USER_NOT_FOUND)" in after_rejection.message
    assert idle.message == (
        f"the preview showed: unchanged. It would now be: updated (owner {BO}). Nothing was "
        "changed; preview the file again"
    )
