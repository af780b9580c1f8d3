"""The pages, one module for each screen; each gives an answer to one visit.

What several screens share (API, sign-in, rendering, texts) is in the folder above.
"""
