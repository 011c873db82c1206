"""The command line, `python -m core …`.

process      one command, its exit code, and what ends it
commands     train, sequence, data
speech       its language, and argparse's words in it
flags        what can be said, and the experiment that it describes
settings     the settings of an experiment as flags, in words
values       what a flag's value must be
streams      standard output and error, closed or full
progress     what is under way, on stderr
tables       the results as text
"""
