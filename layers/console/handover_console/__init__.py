"""The console: pages for people, rendered on the server, as a client of the HTTP API.

The console has no rules and no rights to data of its own: everything that it shows or does goes
through the API with the person's token. It imports nothing of `handover`.
"""
