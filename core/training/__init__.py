"""The loop: all arms of an experiment in lock-step. Knows neither screens nor runs.

trainer      train: one mini-batch after the other, for every arm; Training: the arms on their way
arms         Arm: one network with its optimizer; the mini-batches that all of them take
optimizers   PyTorch's SGD and Adam, without what only torch.compile needs
steps        one mini-batch for every arm, and what it looks like from inside
failures     what goes wrong in one arm ends that arm alone
live_tests   when the test images are read, and how well
rates        the learning rates of a run, as its records tell them
seeds        several seeds of an experiment as one computation
checkpoint   State: a training between two mini-batches, in bytes and back
ahead        on a card the host runs ahead of what has been read
captured     on a card a step, and a look, are CUDA graphs
evaluation   accuracy in evaluation mode, and with each batch's own statistics
meter        loss and accuracy of the mini-batches, averaged into points and epochs
records      what was measured, frozen and in the past tense; the history of a run
collected    all that it publishes, in memory
crew         who does the work of the arms: in turn, or as many at once as there are cores
rows         a loop of its own for the GRU, with LayerNorm and without
"""
