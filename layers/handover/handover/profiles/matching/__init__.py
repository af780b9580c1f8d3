"""Matching: which column of a profile each column of somebody's file probably is.

It proposes and never decides: files are bound by `profiles.binding`, with a mapping that was asked
for or leaves no doubt.
"""

from handover.profiles.matching.assignment import How, Match, mapping_for, match_columns

__all__ = ["How", "Match", "mapping_for", "match_columns"]
