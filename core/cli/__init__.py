"""The command line, `python -m core …`.

flags        what can be said, and the experiment that it describes
commands     train, sequence, data
progress     the bar on a terminal
tables       the results as text
"""
