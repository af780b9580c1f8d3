"""The stages of an import: each gathers, calls pure code, and applies what that decided.

A stage is what a function's handler calls; no stage calls another, they hand on by message.
"""
