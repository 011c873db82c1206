"""NormScope's core: experiments on normalization, without a screen.

config       what an experiment is: frozen, validated, in words, links and command lines
data         the images, on the device once, as uint8
device       the best device at hand, in words
crew         who does the work of the arms: in turn, or as many at once as there are cores
norms        batch norm written out as in the book; every norm by the axes it averages
lenet        build_lenet: the chapter's network with named layers, and its initial weights
fast         torch.nn's pooling, norms of maps and convolution, the same in less time on a CPU, or torch.nn's
shortcuts    what all of these assume; computed in fast_pooling, fast_norms, fast_convolution
images_last  a tensor of [N, C, H, W] that lies in memory as [C, H, W, N]
trainer      train: all arms in lock-step; knows neither threads nor screens
meter        loss and accuracy of the mini-batches, averaged into points and epochs
evaluation   accuracy in evaluation mode, and with each batch's own statistics
probes       watch(model): looks inside a network, changes nothing
stats        what was seen, as numbers: reduced on the device, one transfer a look
summary      those numbers: frozen records without torch
inside       the looks of a run, bounded, and what each page gets of them
conclusions  what a look supports, in a sentence
snapshots    the networks as they were at a few steps
questions    what the live networks, or those of a kept step, are asked: maps, recalibration, noise
records      what was measured, frozen and in the past tense; the history of a run
results      a run as one JSON document
verdict      what the latest test supports, in a sentence
runs         the runs and their threads: run manager, queue, pause / step / stop, watchers
api          HTTP routes: the points since a sequence number, and what the browser loads
numerals     how very large and very small numbers are written
rules        what a setting must be: the checks behind config, with messages that say what to do
"""
