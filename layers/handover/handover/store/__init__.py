"""DynamoDB: tables, keys, conditions and batches; pynamodb for models, PartiQL for the hot path.

Which item a rule needs is not decided here. ARCHITECTURE.md, "Tables", lists every table with its
keys and access patterns.
"""
