"""The pages, one module for each screen; each gives an answer to one visit.

What several screens share (the API, sign-in, rendering, texts) is beside this folder, not in it.
"""
