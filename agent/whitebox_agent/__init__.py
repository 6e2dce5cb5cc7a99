"""The edge: records a model's inferences, folds them into counts, ships those, forgets the rows.

    from whitebox_agent import Agent, Config, profile

`Agent` records in the serving process; the command `whitebox-agent run` is the same agent as a
daemon. `profile` makes a model's spec from its training data; `register` gives it to a hub. Nothing
here imports more than numpy, protobuf and sqlite-utils before it is needed.
"""

from whitebox_agent.agent import Agent
from whitebox_agent.config import Config
from whitebox_agent.profile import profile
from whitebox_agent.registration import register
from whitebox_wire.errors import WhiteboxError

__all__ = ["Agent", "Config", "WhiteboxError", "profile", "register"]
