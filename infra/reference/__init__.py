"""The lists in the documents that the code knows, generated between markers.

`python -m infra.reference` writes them into the pages; a test compares the pages with the code.
"""
