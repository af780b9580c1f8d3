"""Deliberate defects, one for each mechanism: the simulation must find every one of them."""

from tests.faults.mutants.catalogue import MUTANTS
from tests.faults.mutants.mutant import Mutant

__all__ = ["MUTANTS", "Mutant"]
