"""The console: pages for people, rendered on the server, as a client of the HTTP API.

It holds no right to data: whatever it shows or does goes through the API with the person's token.
"""
