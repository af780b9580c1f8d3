"""The HTTP API: its routes by resource, its bodies, its problems and its description.

Rights and rules are not here: routes call `use_cases`. Only functions/api imports this room.
"""
