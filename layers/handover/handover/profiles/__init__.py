"""Profiles as data: presets, which column of a file is which, settings, and how to check them.

Nothing here looks at one line or at the directory: that is for `rules`. Pure.
"""
