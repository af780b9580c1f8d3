"""Handover: bulk assignment of account managers to customer accounts.

Each folder is a room that imports only rooms below it; its docstring says what belongs there and
what does not. The console is no room: `handover_console` is a client of the API.
"""
