"""The only place that uses boto3, except for DynamoDB: S3, SQS, SNS, EventBridge and Cognito."""
