"""One item at a time: its key, reading it, and writing it on a condition.

A condition that does not hold gives False; every other error is raised unchanged. `also` is another
write, such as the entry of an act in the audit trail: both are written, or neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from pynamodb.exceptions import DeleteError, DoesNotExist, PutError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from handover.deadline import current
from handover.store.batches import Item, write_together
from handover.store.connection import Model, client

Found = TypeVar("Found", bound=Model)


def key_of(pk: str, sk: str) -> Item:
    """The key as DynamoDB's client takes it."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def items_at(table: str, keys: Sequence[Item]) -> list[Item]:
    """The items that exist under these keys, at most 100, in any order, by one consistent read.

    It takes one round trip for all of them.
    """
    request: Any = {table: {"Keys": list(keys), "ConsistentRead": True}}
    found: list[Item] = []
    tries = 0
    while request:
        answer = client().batch_get_item(RequestItems=request)
        found += answer["Responses"].get(table, [])
        request = answer.get("UnprocessedKeys")
        if request:
            current().wait(tries)
            tries += 1
    return found


def item_at(model: type[Found], pk: str, sk: str, *, is_consistent: bool = True) -> Found | None:
    """The item under that key; None when there is none."""
    try:
        return model.get(pk, sk, consistent_read=is_consistent)
    except DoesNotExist:
        return None


def saved_if(item: Model, condition: Condition, also: Item | None = None) -> bool:
    """True when the item was stored, False when its condition did not hold."""
    if also is not None:
        return write_together([{"Put": item.get_save_kwargs_from_instance(condition)}, also])
    try:
        item.save(condition)
    except PutError as error:
        _only_unmet(error)
        return False
    return True


def updated_if(
    item: Model, actions: list[Action], condition: Condition, also: Item | None = None
) -> bool:
    """True when the update was made, and `item` shows it; False when its condition did not hold.

    With `also`, `item` does not show the update: read it again.
    """
    if also is not None:
        update = item.get_update_kwargs_from_instance(actions, condition)
        return write_together([{"Update": update}, also])
    try:
        item.update(actions, condition)
    except UpdateError as error:
        _only_unmet(error)
        return False
    return True


def deleted_if(item: Model, condition: Condition, also: Item | None = None) -> bool:
    """True when the item was removed, False when its condition did not hold."""
    if also is not None:
        return write_together([{"Delete": item.get_delete_kwargs_from_instance(condition)}, also])
    try:
        item.delete(condition)
    except DeleteError as error:
        _only_unmet(error)
        return False
    return True


def _only_unmet(error: PutError | UpdateError | DeleteError) -> None:
    """Raises the error again unless it says that a condition was not met."""
    # After a timeout the cause's response is None, which pynamodb does not handle.
    response: dict[str, Any] = getattr(error.cause, "response", None) or {}
    if response.get("Error", {}).get("Code") != "ConditionalCheckFailedException":
        raise error
