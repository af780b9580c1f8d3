"""Load and kills: real worker processes on the embedded AWS, killed at any instant."""
