"""The pages, one module for each screen; each gives an answer to one visit."""
