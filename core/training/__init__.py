"""The loop: all arms of an experiment in lock-step. Knows neither screens nor runs.

trainer      train: one mini-batch after the other, for every arm
evaluation   accuracy in evaluation mode, and with each batch's own statistics
meter        loss and accuracy of the mini-batches, averaged into points and epochs
records      what was measured, frozen and in the past tense; the history of a run
crew         who does the work of the arms: in turn, or as many at once as there are cores
rows         a loop of its own for the GRU, with LayerNorm and without
"""
