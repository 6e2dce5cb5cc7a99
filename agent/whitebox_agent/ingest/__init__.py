"""Rows from other processes: transports decode, ask the logbook, answer when it is on disk.

`grpc` is the InferenceLog for serving code, `http` takes Whitebox's own requests and tells of the
agent itself; `taking` is what they share of a request, `vitals` what they tell of the agent.
"""
