"""The older open imports of a plan: part of it, or an object of their own where they are many."""

from __future__ import annotations

import json

from msgspec.structs import replace

from handover.aws import objects
from handover.errors import RetryLaterError
from handover.pipeline.import_plan import ImportPlan, older_imports_key
from handover.runtime import Resources

# A plan is one item of at most 400 KB, which 11,400 ids would fill; longer lists go to S3.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_OLDER_IMPORTS_IN_PLAN = 1_000


def with_older_imports(
    resources: Resources,
    plan: ImportPlan,
    older_open_imports: frozenset[str],
    import_id: str,
    attempt: str,
) -> ImportPlan:
    """The plan with its older open imports, or with the key of the object that lists them.

    Each attempt stores its own list, so that a plan and its older open imports always match.
    """
    if len(older_open_imports) <= MAX_OLDER_IMPORTS_IN_PLAN:
        return replace(plan, older_open_imports=older_open_imports)
    key = older_imports_key(import_id, attempt)
    body = json.dumps(sorted(older_open_imports), separators=(",", ":")).encode()
    objects.write(resources.work_bucket, key, body, "application/json")
    return replace(plan, older_imports_key=key)


def older_open_imports_in(resources: Resources, plan: ImportPlan) -> frozenset[str]:
    """The older open imports of a plan; raises RetryLaterError when their object is missing."""
    if not plan.older_imports_key:
        return plan.older_open_imports
    body = objects.read(resources.work_bucket, plan.older_imports_key)
    if body is None:
        raise RetryLaterError("the older open imports of this import are not there")
    return frozenset(json.loads(body))
