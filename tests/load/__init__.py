"""A load model in virtual time: do all imports end, how late, with how many messages, at what cost?

Queues, workers, the sweeper, leases and tables at AWS's limits move in steps of a second. The
sizes, waits and decisions are the code's own; the times of AWS and of a line are stated with their
sources.
"""
