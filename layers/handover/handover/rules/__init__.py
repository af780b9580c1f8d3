"""The rules: what a line asks for, whether it is allowed, and what that changes.

Looking up and writing is for `pipeline`. Pure: no AWS, no clock, no environment; a dry run and a
real run call the same `plan`.
"""
