"""The HTTP API: its routes by what they are about, its bodies, and its problems.

Only functions/api imports this.
"""
