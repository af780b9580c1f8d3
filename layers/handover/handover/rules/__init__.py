"""The rules: what a line asks for, whether it is allowed, and what that changes.

`pipeline` does the lookups and the writes. Pure: no AWS, no clock, no environment; a dry run and a
real run call the same `plan`.
"""
