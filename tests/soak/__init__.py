"""Load and sudden death: real worker processes on the embedded AWS, killed at any instant."""
