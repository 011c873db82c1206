"""Looking inside a network without changing anything.

watch          watch(model): sees what every layer makes of a batch; probe: the same on images of one's own
stats          what was seen, as numbers: one transfer a look
reduction      its half on the device
distributions  what that reduces: moments, percentiles, histograms
summary        those numbers: frozen records without torch
noise          how much a mini-batch's mean varies
along          what steps along the gradient do to the loss and to the gradient
multiples      how far those steps go
"""
