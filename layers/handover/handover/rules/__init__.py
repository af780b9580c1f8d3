"""The rules: what a line asks for, whether it may have it, and what that changes.

Pure: no AWS, no clock, no environment. A dry run and a real run call the same `plan`.
"""

from handover.rules.addresses import is_address, look_of, normal_address, normal_login
from handover.rules.damage import likely_ids
from handover.rules.directory_planner import (
    RecordFacts,
    is_made_later,
    is_new,
    login_asked,
    logins_since,
    plan_record,
)
from handover.rules.edits import edit_of, spoken_of
from handover.rules.instructions import Instruction, Seating, instruction_of, is_plain
from handover.rules.pending import address_in, is_pending, pending_seat
from handover.rules.planner import (
    AccountWrite,
    Claim,
    Facts,
    Plan,
    account_only,
    are_apart,
    plan,
)
from handover.rules.repeats import repeated_line, repeated_login
from handover.rules.understanding import canonical, canonical_login, understanding_of

__all__ = [
    "AccountWrite",
    "Claim",
    "Facts",
    "Instruction",
    "Plan",
    "RecordFacts",
    "Seating",
    "account_only",
    "address_in",
    "are_apart",
    "canonical",
    "canonical_login",
    "edit_of",
    "instruction_of",
    "is_address",
    "is_made_later",
    "is_new",
    "is_pending",
    "is_plain",
    "likely_ids",
    "login_asked",
    "logins_since",
    "look_of",
    "normal_address",
    "normal_login",
    "pending_seat",
    "plan",
    "plan_record",
    "repeated_line",
    "repeated_login",
    "spoken_of",
    "understanding_of",
]
