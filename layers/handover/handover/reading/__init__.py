"""Bytes to lines: encoding and dialect, header, records, chunk boundaries, repeats, guarded cells.

`profiles` decide what a column means, `rules` what a line means. Pure; only `scan` and `repeats`
need numpy, which workers do not have.
"""
