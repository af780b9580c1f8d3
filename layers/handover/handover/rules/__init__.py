"""The rules: what a line asks for, whether it is allowed, and what that changes.

Looking up and writing is for `pipeline`. Pure: no AWS, no clock, no environment; a dry run and a
real run call the same `plan`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handover.exports import exports

if TYPE_CHECKING:
    from handover.rules.addresses import is_address, normal_address, normal_login, normalized_name
    from handover.rules.applying import (
        Preview,
        changed_since,
        is_as_previewed,
        only_previewed,
        preview_of,
    )
    from handover.rules.damage import likely_ids
    from handover.rules.directory_planner import (
        DirectoryContext,
        is_made_later,
        is_new,
        login_asked,
        logins_since,
        plan_record,
    )
    from handover.rules.edits import edit_of, spoken_of
    from handover.rules.instructions import AssignmentRequest, Instruction, instruction_of, is_plain
    from handover.rules.pending import address_in, is_pending, pending_assignee
    from handover.rules.planner import (
        Decision,
        LookupContext,
        RecordWrite,
        WriteContext,
        account_only,
        already_done,
        are_apart,
        plan,
    )
    from handover.rules.repeats import repeated_line, repeated_login
    from handover.rules.understanding import canonical, canonical_login, understanding_of
else:
    __getattr__ = exports(
        __name__,
        {
            "addresses": "is_address normal_address normal_login normalized_name",
            "applying": "Preview changed_since is_as_previewed only_previewed preview_of",
            "damage": "likely_ids",
            "directory_planner": (
                "DirectoryContext is_made_later is_new login_asked logins_since plan_record"
            ),
            "edits": "edit_of spoken_of",
            "instructions": "AssignmentRequest Instruction instruction_of is_plain",
            "pending": "address_in is_pending pending_assignee",
            "planner": (
                "RecordWrite Decision LookupContext WriteContext account_only already_done "
                "are_apart plan"
            ),
            "repeats": "repeated_line repeated_login",
            "understanding": "canonical canonical_login understanding_of",
        },
    )
