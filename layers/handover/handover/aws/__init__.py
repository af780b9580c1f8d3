"""The only place that knows boto3, but for DynamoDB: S3, SQS, SNS, EventBridge and Cognito."""
