"""The lab: many experiments with one question, and what is concluded from them. Every point is a run of its own.

sweep       what a sweep is: frozen, validated, in one line
links       a sweep in a link, and a setting with its values in a word
points      its experiments, each of which can be measured anywhere
wording     what is varied, in words
measure     what one of them gives: a pure function
cost        what a training step of each arm takes
predictiveness  how far each arm's gradient can be trusted
probing         how often that is measured, and what its numbers are called
sweeping    a sweep on its way: only what is missing is computed
kept        its points on the shelf
estimate    how long it takes
timing      … found out by a process of its own
laboratory  the sweeps of a server, of which one is computed
conducted   one of them, and its thread
gathered    what there is of one of them
part        … of the one or the other of its parts
noted       which were begun there
told        what a page is told of them
arrived     what has come of a sweep so far
entries     what was measured, one for each combination, seed and arm
curves      the training loss in few numbers, and of several seeds as a band
document    all that was found, for programs
report      the same as one file that opens offline
summary     the same in fewer numbers
statistics  what several seeds say
conclusions the same in sentences
batches     … of batch sizes: at which an arm falls behind
depths      … of depths: the first layer's gradient, and the accuracy after it
trusted     … of the gradients
costs       … of what a step of each arm takes
ready_made  the questions that are asked most
"""
