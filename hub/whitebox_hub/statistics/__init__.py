"""Statistics: pure functions from count vectors to numbers, one idea a file.

Nothing here knows of monitors, clocks or storage, and nothing answers NaN: what cannot be said
is None or comes with a mask. Counts may carry privacy noise, so negative ones are read as zero.
Only numpy and scipy.special are used; scipy.stats is for the tests.
"""
