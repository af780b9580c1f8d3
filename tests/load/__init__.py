"""A load model in virtual time: do all imports end, how late, by how many messages, for how much?

Queues, workers, the sweeper, leases and tables at AWS's limits, moved on in steps of a second. The
sizes, waits and decisions are the code's own; what AWS and a line take is stated beside its source.
"""
