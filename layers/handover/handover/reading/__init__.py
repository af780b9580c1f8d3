"""Bytes to lines: encoding and dialect, header, records, chunk boundaries, repeats, guarded cells.

What a line means is not decided here: columns are in `profiles`, lines in `rules`. Pure; only
`scan` and `repeats` need numpy, which workers have not.
"""
