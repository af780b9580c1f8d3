"""Matching: which column of a profile each column of somebody's file probably is."""

from handover.profiles.matching.assignment import How, Match, mapping_for, match_columns

__all__ = ["How", "Match", "mapping_for", "match_columns"]
