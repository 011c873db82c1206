"""NormScope's core: experiments on normalization, without a screen. A room imports only from rooms below it.

cli         the command line, `python -m core …`
web         the routes beside the pages: new points, looks, answers, and what the browser loads
lessons     a question, a prediction, a run, and a check of the prediction against that run
lab         many experiments with one question, and what is concluded from them
cube        which cells of a tensor share one mean and variance
exports     out of the page: tables, figures, a script, …, by format
runs        runs that are executed, watched, asked and steered; here are the threads
store       runs that outlive the process
words       what the numbers support, in sentences
training    the loop: all arms in lock-step, what was measured, who does the work
probes      looking inside a network without changing anything
nets        the norms as in the book, LeNet, and the same in less time
data        images on the device
experiment  what is tried: frozen, validated, in words and links
language    English and 中文: which is spoken, the catalog, messages that are told later
"""
