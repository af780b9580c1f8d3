"""The command line: `handover`. It works through the same interfaces that others use."""
