"""Looking inside a network without changing anything.

watch          watch(model): sees what every layer makes of a batch; probe: the same on images of one's own
stats          what was seen, as numbers: one transfer a look
reduction      its half on the device, by distributions: moments, percentiles, histograms
summary        its half that is kept: frozen records without torch
noise          how much a mini-batch's mean varies
"""
