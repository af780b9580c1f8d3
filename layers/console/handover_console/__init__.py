"""The console: pages for people, rendered on the server, as a client of the HTTP API.

No rule and no right to data is here: whatever it shows or does goes through the API with the
person's token, and it imports nothing of `handover`.
"""
