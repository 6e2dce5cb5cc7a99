"""Recording: from a caller's rows to sums in the outbox.

`logbook` takes what callers log and queues it (`queue`), never waiting; `writer` is the one thread
that puts the queue on disk and folds what lies there; `folding` decides what a fold does.
"""
