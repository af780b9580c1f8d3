"""Deliberate defects, one for each mechanism: the simulation must find every one of them."""

from tests.simulation.mutants.catalogue import MUTANTS
from tests.simulation.mutants.mutant import Mutant

__all__ = ["MUTANTS", "Mutant"]
