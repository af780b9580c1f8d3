"""The mappings that people of a tenant have given: one item in the table of imports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from handover.profiles.remembering import RememberedMapping, mappings_from, mappings_json
from handover.store.connection import client
from handover.store.items import key_of

MAPPINGS = "mappings"


class Mappings(Struct, frozen=True):
    """The remembered mappings, stored in the table of imports: one item for each tenant."""

    table: str

    def of(self, tenant: str) -> tuple[list[RememberedMapping], int]:
        """The mappings, the least recently given first, and the list's version; 0 = no list yet.

        A strongly consistent read.
        """
        answer = client().get_item(
            TableName=self.table, Key=key_of(f"tenant#{tenant}", MAPPINGS), ConsistentRead=True
        )
        item = answer.get("Item")
        if item is None:
            return [], 0
        return mappings_from(item["body"]["S"]), int(item["version"]["N"])

    def replace(self, tenant: str, mappings: Sequence[RememberedMapping], version: int) -> bool:
        """Replaces the list; false when it has another version by now."""
        condition = "#version = :known" if version else "attribute_not_exists(#version)"
        values: dict[str, Any] = {
            ":body": {"S": mappings_json(mappings)},
            ":next": {"N": str(version + 1)},
        }
        try:
            client().update_item(
                TableName=self.table,
                Key=key_of(f"tenant#{tenant}", MAPPINGS),
                UpdateExpression="SET #body = :body, #version = :next",
                ConditionExpression=condition,
                ExpressionAttributeNames={"#body": "body", "#version": "version"},
                ExpressionAttributeValues=values
                | ({":known": {"N": str(version)}} if version else {}),
            )
        except client().exceptions.ConditionalCheckFailedException:
            return False
        return True
