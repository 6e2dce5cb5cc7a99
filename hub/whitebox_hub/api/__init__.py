"""The hub's REST: a superset of Whitebox's own, one file a noun.

A handler parses, makes one call to the store or the core, and turns values into JSON. Errors are
problem details (problems.py); JSON never holds NaN (answers.py); bodies and pages are bounded.
"""
