"""The command line: `handover`. What it does it does through the doors that others use."""
