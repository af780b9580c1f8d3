"""Races between an import that applies a dry run and whatever else happens to its accounts."""

from __future__ import annotations
