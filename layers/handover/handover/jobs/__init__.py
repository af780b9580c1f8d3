"""Imports that Handover makes itself: undo, reassignment, removal, resolution.

A job is stored when somebody asks for it. Its file is written and uploaded here, and from then on
it is an import like any other, in `pipeline`.
"""
