"""The bodies of answers about edits."""

from __future__ import annotations

from pydantic import BaseModel

from handover.http.bodies.accounts import Change
from handover.model import Outcome


class EditBody(BaseModel):
    """The result of an edit; `assigned` and `version` are the account's after it.

    After a dry run `assigned` is what it would be. `edit_id` appears in the history instead of an
    import's id.
    """

    edit_id: str
    account_id: str
    outcome: Outcome
    dry_run: bool
    changes: list[Change]
    assigned: dict[str, list[str]]
    version: int
