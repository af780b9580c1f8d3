"""Routes of subscriptions to notifications."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import BaseModel

from handover.http.context import new_router, person_of
from handover.http.formats import REQUEST_BODY, Endpoint
from handover.http.problems import answers
from handover.runtime import resources
from handover.use_cases import subscriptions

router = new_router()


class NewSubscription(BaseModel):
    """An e-mail address or an https:// address that will be notified of each import's end."""

    model_config = REQUEST_BODY

    endpoint: Endpoint


@router.get(
    "/subscriptions",
    summary="List who is notified; Admins only",
    responses=answers(200, "The subscriptions", "Subscriptions"),
)
def list_subscriptions() -> dict[str, Any]:
    """The subscriptions to the tenant's imports."""
    return {"subscriptions": subscriptions.subscriptions_of(resources(), person_of(router))}


@router.post(
    "/subscriptions",
    summary="Subscribe an address to the tenant's imports; Admins only",
    status_code=202,
    responses=answers(202, "The subscription, which must be confirmed", "Subscription"),
)
def subscribe(body: Annotated[NewSubscription, Body()]) -> dict[str, Any]:
    """The subscription. Each message has a link that ends it."""
    return subscriptions.subscribe(resources(), person_of(router), body.endpoint)
