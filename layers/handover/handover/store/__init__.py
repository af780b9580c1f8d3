"""The only place that knows DynamoDB: pynamodb for models, boto3 and PartiQL for the hot path.

ARCHITECTURE.md, "Tables", lists every table with its keys and access patterns.
"""
