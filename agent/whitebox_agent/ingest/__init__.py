"""Rows from other processes: transports decode, ask the logbook, answer when it is on disk."""
