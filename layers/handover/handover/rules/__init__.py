"""The rules: what a line asks for, whether it may have it, and what that changes.

Pure: no AWS, no clock, no environment. A dry run and a real run call the same `plan`.
"""

from handover.rules.addresses import normal_address
from handover.rules.instructions import Instruction, Seating, canonical, instruction_of
from handover.rules.planner import AccountWrite, Claim, Facts, Plan, account_only, plan
from handover.rules.repeats import repeated_line

__all__ = [
    "AccountWrite",
    "Claim",
    "Facts",
    "Instruction",
    "Plan",
    "Seating",
    "account_only",
    "canonical",
    "instruction_of",
    "normal_address",
    "plan",
    "repeated_line",
]
