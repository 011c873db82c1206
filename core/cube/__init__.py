"""The cube: which cells of a tensor share one mean and variance.

axes         which cells share their statistics, as pure geometry
shown        which cells of a large tensor are drawn
families     all of them at once: how many there are and are drawn
naming       what averaging over some axes is called, in words and as a formula
sites        the tensors that a norm sees in a network
row_site     the one that LayerNorm sees in a GRU
picture      from a tensor to everything that is drawn
reading      what is said of one cell
walk         one value's way through a norm
guide        that way step by step, in sentences whose words light what they name
mistakes     norms with the wrong axes, as people really write them: exercises
noise        how far a mini-batch's mean is off
networks     the arms that can be looked into, live or at a kept step
example      what is shown where there is no run
own          a tensor of one's own, of any small shape
typing_over  a value typed over one cell: which results change by it, and which do not
viewpoint    what a link to the cube says
"""
