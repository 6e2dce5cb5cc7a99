"""The tick: judges windows when their time has come, and lets alerts follow.

`ticker` keeps time and never ends for an error; `judge` is one step of it, which blocks.
"""
