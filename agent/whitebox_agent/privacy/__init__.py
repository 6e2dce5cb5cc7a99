"""What a spec's privacy policy asks of a device, as pure functions: budgets, noise, sealed sums.

`budget` turns (epsilon, delta) into the noise that keeps it; `gauss` draws that noise from random
bytes that the caller provides; `seal` makes of a sum what may leave. `words` says in plain words
what a sum holds. What is promised, and what is not, is in `deploy/guide/privacy.md`.
"""

from whitebox_agent.privacy.budget import SIGMA_MAX, delta_of, rho_of, sigma_of
from whitebox_agent.privacy.gauss import DiscreteGaussian, Entropy
from whitebox_agent.privacy.seal import Noise, Seal

__all__ = [
    "SIGMA_MAX",
    "DiscreteGaussian",
    "Entropy",
    "Noise",
    "Seal",
    "delta_of",
    "rho_of",
    "sigma_of",
]
