"""The HTTP API: its routes by resource, its bodies, and its problems.

Only functions/api imports this.
"""
