"""How many requests each tenant has used, counted by all functions together."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from handover.errors import RetryLaterError
from handover.store.connection import client

# After its window, a counter is useless; DynamoDB removes it within days, at no cost.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
KEPT_SECONDS = 3600


class Allowances(Struct, frozen=True):
    """The counters, stored in the table of imports: one item for each tenant and window."""

    table: str

    def take(self, tenant: str, begins_at: int, permits: int) -> int | None:
        """Takes `permits`; returns how many the tenant has taken in the window that begins then.

        None when DynamoDB does not answer. `begins_at` is in seconds since the epoch. Costs one
        write unit.
        """
        try:
            answer = client().update_item(
                TableName=self.table,
                Key={"pk": {"S": f"requests#{tenant}#{begins_at}"}, "sk": {"S": "requests"}},
                UpdateExpression="SET expires = :expires ADD taken :permits",
                ExpressionAttributeValues={
                    ":expires": {"N": str(begins_at + KEPT_SECONDS)},
                    ":permits": {"N": str(permits)},
                },
                ReturnValues="UPDATED_NEW",
            )
        except (BotoCoreError, ClientError, RetryLaterError):
            return None
        return int(answer["Attributes"]["taken"]["N"])
