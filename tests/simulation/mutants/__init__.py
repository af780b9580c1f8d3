"""Deliberate defects, one for each mechanism: the simulation must find each of them."""

from tests.simulation.mutants.catalogue import MUTANTS
from tests.simulation.mutants.mutant import Mutant

__all__ = ["MUTANTS", "Mutant"]
