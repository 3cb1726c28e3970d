"""Specs: models in YAML, read with places into the same builder that Python models use.

>>> spec = read("specs/resnext50_32x4d.yaml")
>>> spec.model.trace(base=8).output
(1000,)
"""

from cnncost.base.limits import Limit
from cnncost.models.spec.expected import Figure
from cnncost.models.spec.network import Param
from cnncost.models.spec.problems import SpecError
from cnncost.models.spec.reader import DECLARED, KEYS, VERSION, Spec, read

__all__ = ["DECLARED", "KEYS", "VERSION", "Figure", "Limit", "Param", "Spec", "SpecError", "read"]
