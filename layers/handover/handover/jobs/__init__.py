"""Imports that Handover makes itself: undo, reassignment, removal, resolution.

A job is stored when somebody asks for it, and its file is written and uploaded here. What becomes
of the file's lines is not here: from then on it is an import like any other, in `pipeline`.
"""
