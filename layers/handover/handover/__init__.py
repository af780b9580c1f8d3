"""Handover: bulk assignment of account managers to customer accounts.

Each folder is a room and imports only rooms below it. Its docstring says what belongs there and
what does not. The console is not a room: `handover_console` is a client of the API.
"""
