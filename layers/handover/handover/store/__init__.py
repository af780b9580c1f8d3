"""DynamoDB: tables, keys, conditions and batches; pynamodb for models, PartiQL for the hot path.

Callers decide which items they need. ARCHITECTURE.md, "Tables", lists every table with its keys
and access patterns.
"""
