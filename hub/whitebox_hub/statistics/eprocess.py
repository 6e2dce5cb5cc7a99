"""An e-process: evidence against "nothing has drifted" that may be looked at after every window.

A p-value becomes an e-value, a bet against the null whose expectation is at most 1, by the
calibrator that mixes k * p**(k - 1) over k in (0, 1): e = (1 - p + p * ln p) / (p * ln(p)**2) (Vovk
and Wang 2021, section 2). Betting on from window to window multiplies. One bet begins at every
window, the t-th with a stake of 1 / (t * (t + 1)) of a unit, so that quiet months do not use up
what later windows need (a mixture over the start, as in Shin, Ramdas and Rinaldo 2024); stakes
that do not bet yet are kept.

**Guarantee**: while every p-value is uniform or larger, given the windows before it, the evidence
is a supermartingale of expectation at most 1, so it *ever* reaches 1 / alpha with a probability of
at most alpha (Ville 1939). Adjusted p-values serve for one feature. **Limit**: all windows are
compared with one reference, which is itself a sample; once windows hold many times its rows
together, p-values are no longer uniform given the past. Trust it for some ten references' rows.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from whitebox_wire.vector import FloatArray

# A smaller p-value is one of a law that nobody has checked so far out.
P_MIN = 1e-12


def log_e_value(p_values: npt.ArrayLike) -> FloatArray:
    """Natural logarithms of the e-values of p-values, of any shape; p = 1 has e = 1/2.

    >>> log_e_value([0.001, 1.0]).round(3)
    array([ 3.035, -0.693])
    """
    p = np.clip(np.asarray(p_values, np.float64), P_MIN, 1.0)
    log = np.log(p)
    # Near p = 1 the quotient is 0 / 0; its series is 1/2 + (1 - p) / 6 to the order that matters.
    near = p > 0.999
    safe = np.where(near, -1.0, log)
    quotient = (1.0 - p + p * log) / (p * safe * safe)
    result: FloatArray = np.log(np.where(near, 0.5 + (1.0 - p) / 6.0, quotient))
    return result


def log_evidence(p_values: npt.ArrayLike) -> FloatArray:
    """Natural logarithms of the evidence after each window: shape [windows] or [windows, features].

    The oldest window comes first; one without a p-value (NaN) bets nothing. Drift may be said when
    the evidence reaches ln(1 / alpha).

    >>> log_evidence([0.5, 0.001, 0.001, 0.001]).round(1)
    array([-0.2,  2.3,  5.4,  8.4])
    """
    p = np.asarray(p_values, np.float64)
    logs = np.where(np.isnan(p), 0.0, log_e_value(np.where(np.isnan(p), 1.0, p)))
    betting = np.empty_like(logs)
    before = np.full(logs.shape[1:], -np.inf)
    for t, log_e in enumerate(logs):
        before = np.logaddexp(before, -np.log((t + 1.0) * (t + 2.0))) + log_e
        betting[t] = before
    windows = np.arange(1.0, len(logs) + 1).reshape(-1, *(1 for _ in logs.shape[1:]))
    # Stakes that do not bet yet: 1 - sum of 1 / (s * (s + 1)) over s <= t.
    evidence: FloatArray = np.logaddexp(betting, -np.log(windows + 1.0))
    return evidence
