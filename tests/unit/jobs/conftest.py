"""A pipeline on an AWS in memory for each test that asks for one."""

from tests.kit.fixtures import clients_of_memory, pipeline

__all__ = ["clients_of_memory", "pipeline"]
