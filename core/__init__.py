"""NormScope's core: experiments on normalization, without a screen.

rules     what a setting must be; errors that say the rule, what they got and what to do
config    what an experiment is: frozen, validated, in words, links and command lines
data      the images, on the device once, as uint8
norms     batch norm written out as in the book; every norm by the axes it averages
lenet     build_lenet: the chapter's network with named layers, and its initial weights
records   what was measured, frozen and in the past tense; the history of a run
trainer   train: all arms in lock-step; knows neither threads nor screens
verdict   one sentence that this run supports
runs      the one file with threads: run manager, queue, pause / step / stop, watchers
api       HTTP routes: the points since a sequence number, and what the browser loads
"""
