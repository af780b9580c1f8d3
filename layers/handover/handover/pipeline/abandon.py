"""Dead letters: ends the work of messages that failed too often.

A chunk is settled without writing more: lines that took effect keep their outcome, all others
become `not_processed`. A file that could not be validated is refused. An import that could not be
ended is ended here. While the outage that caused the failure lasts, the letter stays in its queue
and is delivered again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from handover.errors import RetryLaterError
from handover.model import Refusal, State
from handover.pipeline.assign import work_chunk
from handover.pipeline.finalize import end_import
from handover.pipeline.messages import read_message, send_finalize
from handover.pipeline.registration import registered
from handover.pipeline.uploads import Arrival, arrivals_of, is_passed_over, sender_of
from handover.runtime import Invocation, Resources, logger, metrics, rfc3339


def abandon(resources: Resources, body: str, run: Invocation) -> None:
    """Ends the work that the message asked for, unless it has ended already.

    A message about an unknown import, or one that cannot be parsed, is logged and dropped.
    """
    metrics.add_metric("MessagesAbandoned", "Count", 1)
    message = _message(body)
    if "import_id" in message and resources.tables.imports.find(message["import_id"]) is None:
        logger.error("message of no import", extra={"import_id": message["import_id"]})
    elif "chunk" in message:
        logger.warning("chunk abandoned", extra={"import_id": message["import_id"]})
        work_chunk(
            resources,
            message["import_id"],
            message["chunk"],
            run,
            handed_on=message.get("handed_on"),
            may_write=False,
        )
    elif "import_id" in message:
        end_import(resources, message["import_id"], run)
    elif "arrival" in message or "Records" in message:
        for arrival in arrivals_of(message):
            _refuse(resources, arrival, run)
    else:
        # The field names may contain anything the sender chose, so only their number is logged.
        logger.error("message not understood", extra={"fields": len(message)})


def _message(body: str) -> Mapping[str, Any]:
    """The JSON object in the letter; empty when the body is not a JSON object."""
    try:
        message = read_message(body)
    except json.JSONDecodeError:
        return {}
    return message if isinstance(message, dict) else {}


def _refuse(resources: Resources, arrival: Arrival, run: Invocation) -> None:
    imports = resources.tables.imports
    item = imports.find(arrival.import_id)
    if item is None:
        if is_passed_over(resources, arrival):
            return
        item = registered(resources, arrival, sender_of(resources, arrival), run)
    if item.state == State.VALIDATING:
        if not imports.lease(item.pk, run.attempt, now=run.now, until=run.lease_until):
            raise RetryLaterError("another run validates this import")
        logger.warning("import abandoned", extra={"import_id": item.pk})
        refusal = Refusal(
            "NOT_VALIDATED",
            "Handover could not process the file after several attempts, but found no error in "
            "it. Nothing was written." + ("" if item.job else " Upload the file again."),
        )
        if item.ticket is not None:
            # Replays of the form may have been reported before this file.
            resources.tables.tickets.take_over_replays(item.pk, item.ticket)
        imports.refuse(item.pk, run.attempt, refusal, at=rfc3339(run.now))
    send_finalize(resources, item)
