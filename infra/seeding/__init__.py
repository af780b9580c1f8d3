"""A tenant's directory from files: all are read and checked, then written to the tables."""
