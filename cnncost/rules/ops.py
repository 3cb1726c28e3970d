"""The rules under their old address, while imports follow."""

from cnncost.rules import *  # noqa: F403
from cnncost.rules.rule import divide  # noqa: F401
