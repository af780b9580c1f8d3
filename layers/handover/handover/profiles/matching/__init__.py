"""Matching: which column of a profile each column of somebody's file probably is.

Matching only proposes. `profiles.binding` binds files, with a mapping that a person has given or
that is certain.
"""

from handover.profiles.matching.assignment import How, Match, mapping_for, match_columns

__all__ = ["How", "Match", "mapping_for", "match_columns"]
