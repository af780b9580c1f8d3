"""A tenant's directory from files: read and checked whole, then brought into the tables."""
