"""Workbooks (.xlsx) to CSV, and errors.csv to a workbook: files in, bytes out.

Nothing here decides what a line means: `reading` reads the CSV like any other file. Pure: no
network, no AWS.

A workbook is untrusted, zipped XML. It is read as a stream with `zipfile` and `expat` of the
standard library, so that every number format, hidden row and formula is seen, and nothing is
expanded, looked up or run:

    package     the zip container: its parts, within limits of size and number
    xml         expat without document types, entities or deep nesting
    contents    which sheets there are, and which one is read
    strings     the strings that cells share
    styles      the number format of each cell style
    formats     a number format as a function from a value to the text that is shown
    dates       the same for dates and times
    cells       one cell: its type, formula and value to a text
    sheet       one sheet: rows to CSV lines, hidden rows and merged cells refused
    conversion  all of it together

Import from these modules: functions that need only `limits` must not load the rest.
"""
