"""How often a sweep measures along the gradient, as core.lab.predictiveness does, and what it calls what it finds.

PROBES  mini-batches of a run; PASSES: forward and backward, for each of them
ALONG   the names among an entry's numbers, each along_ and a field of core.probes.along.Along
"""

from core.probes.multiples import MULTIPLES

PROBES = 20  # evenly spaced
PASSES = 1 + len(MULTIPLES)
ALONG = ("along_loss_range", "along_cosine", "along_change", "along_steepness")
