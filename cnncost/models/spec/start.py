"""The specs that `cnncost new` writes: something to change."""

from __future__ import annotations

from cnncost.models.model import Model

MODELINE = "# yaml-language-server: $schema=cnncost.schema.json"
HEAD = f"""{MODELINE}
# The line above gives completion in editors that speak the YAML language server, once the schema is beside this file:
#   cnncost schema -o cnncost.schema.json
"""

START = f"""{HEAD}
cnncost: 1
name: mynet
about: A small residual network for 32x32 images
input: [3, res, res]

# Settings, with defaults. They can be changed anywhere a model is named: cnncost table mynet.yaml --set width=32
params:
  res: 32
  classes: 10
  width: {{default: 16, range: [8, 128, 8], help: channels of the first stage}}
  depth: 3                # blocks in each stage

# What convolutions have unless they say otherwise. A norm and an activation get rows of their own.
defaults:
  conv: {{kernel: 3, pad: same, norm: batch_norm, act: relu}}

# Templates. A param without a value has to be given.
blocks:
  residual:
    params: {{out, stride: 1}}
    layers:
      - add:                                # branches, each from what arrives
          - - conv: {{out: out, stride: stride}}
            - conv: {{out: out, act: none}}
          - project                         # the input, or a 1x1 convolution where the shape changes
      - relu

# Layers, by stage. Numbers may be expressions; input channels are never written.
layers:
  stem:
    - conv: width
  stage1:
    - residual: {{out: width}}
      repeat: depth
  stage2:
    - residual: {{out: 2 * width}}
      repeat: depth
      first: {{stride: 2}}                    # of the first copy
  stage3:
    - residual: {{out: 4 * width}}
      repeat: depth
      first: {{stride: 2}}
  head: [global_avg_pool, linear: classes]

# Figures that must come out, and limits for: cnncost check mynet.yaml
expect: {{params: 272_474}}
budget: {{params: 300k, flops: 45M}}
"""

FROM = f"""{HEAD}
# {{name}} as layers. Shorter, and with the settings of its family, is a spec of two lines:
#   cnncost: 1
#   model: {{reference}}
# A layer is a word, or a layer type with its arguments; cnncost ops lists them. A list under add, mul or concat holds branches.
# Change the layers, then take out or renew `expect`: the figures that must come out.

"""


def start(model: Model | None) -> str:
    """Return the text of a spec to start from: a small network, or `model` with its layers written out."""
    if model is None:
        return START
    from cnncost.models.spec.write import write

    return FROM.replace("{name}", model.name).replace(
        "{reference}", f'"{model.name}"' if "+" in model.name else model.name
    ) + write(model.trace(), model.source)
