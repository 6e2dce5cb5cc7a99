"""Reports in, exactly once: decide which count, check and add their deltas, commit, then answer.

`decide` and `group` are pure; `accept` queues and commits; `specs` knows the layouts; transports
(`grpc`) only decode, call the accepter, and answer what it says.
"""
