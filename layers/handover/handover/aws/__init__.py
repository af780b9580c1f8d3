"""S3, SQS, SNS, EventBridge and Cognito, one module each; the only place that calls their clients.

DynamoDB is in `store`. Nothing here decides: callers say what to read, write or send.
"""
