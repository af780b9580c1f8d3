"""Shows people the console: pages for a browser, made from the answers of the HTTP API."""

from __future__ import annotations

import traceback
from typing import Any

from aws_lambda_powertools import Logger
from handover_console.pages.problem import failed
from handover_console.settings import settings
from handover_console.site import answer
from handover_console.web import request_of, to_event

logger = Logger(service="handover")


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The page in the form that API Gateway expects (payload format 2.0)."""
    request = request_of(event, settings())
    try:
        given = answer(request, settings())
    except Exception as error:  # noqa: BLE001 - a person must get a page, and the log the place
        # Messages of exceptions may hold what a page held: the log gets the kind and the place.
        logger.error(
            "page failed",
            extra={"error": type(error).__name__, "at": traceback.format_tb(error.__traceback__)},
        )
        given = failed(request, settings(), context.aws_request_id)
    return to_event(given, settings())
