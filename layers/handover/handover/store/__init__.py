"""The only place that knows DynamoDB: pynamodb for models, boto3 and PartiQL for the hot path."""
