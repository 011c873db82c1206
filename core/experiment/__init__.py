"""What is tried: an experiment and everything that decides its numbers. No torch.

config       an experiment: frozen, validated; ready-made ones
arm          one network of it: its norm, and what else sets it apart
fitting      the settings that fit the built-in digits, there and back
schedule     how the learning rate goes through a run
links        an experiment in the address of a page, and back
environment  every NORMSCOPE_* variable, read and checked
machine      how many processor cores there are for it
rules        what a setting must be: the checks, with messages that say what to do
"""
