"""What operators learn of an invitation that nobody got."""

from __future__ import annotations

import json

import pytest
from handover.access.sign_ins import note_invitation
from handover.aws.sign_ins import Settled
from handover.runtime import metrics


@pytest.mark.filterwarnings("ignore:No application metrics to publish")
@pytest.mark.parametrize(
    ("settled", "counted"),
    [
        (Settled.DONE, set()),
        (Settled.ELSEWHERE, {"InvitationsNotMade"}),
        (Settled.RESERVED, {"InvitationsNotMade"}),
        (Settled.ANSWERED, {"InvitationsNotMade"}),
        (Settled.NO_MAILS, {"InvitationsNotMade", "InvitationsNotSent"}),
    ],
)
def test_an_invitation_that_nobody_got_is_counted_and_logged_with_the_reason(
    settled: Settled,
    counted: set[str],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    note_invitation("lumina", settled)

    metrics.flush_metrics()
    sent = json.loads(capsys.readouterr().out or "{}")
    assert {name for name in sent if name.startswith("Invitations")} == counted
    reasons = [(vars(one)["tenant"], vars(one)["reason"]) for one in caplog.records]
    assert reasons == ([("lumina", settled.value)] if counted else [])
