"""What happens to a file, from S3's event to the notification: one module for each function, and
the steps that they share.

Files that Handover writes itself are made in `jobs`; what people ask of the API is in `use_cases`.
"""
