"""How far core.probes.along steps, in learning rates; by itself, since who only counts its passes needs no PyTorch.

MULTIPLES  1 is the step that plain SGD takes
"""

MULTIPLES = (0.25, 0.5, 1.0, 2.0, 4.0)
