"""Profiles as data: presets, the meaning of a file's columns, settings, and how to check them.

Nothing here looks at one line or at the directory: `rules` does that. Pure.
"""
