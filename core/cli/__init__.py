"""The command line, `python -m core …`.

process      one command, its exit code, and what ends it
training     train, to its last record
kept         the same where it is kept on the shelf
commands     train, runs, sequence, data
sweeps       sweep: many experiments with one question
sweep_flags  its flags, and the sweep that they describe
sweep_tables its results as text, JSON and CSV
sweep_progress how far it is, on stderr
endings      Ctrl-C and SIGTERM, heard between two points
runs         what is kept: listed, shown, gone on with, renamed, deleted
run_flags    their flags
speech       its language, and argparse's words in it
status       how a server stands
flags        what can be said, and the experiment that it describes
settings     the settings of an experiment as flags, in words
values       what a flag's value must be
streams      standard output and error, closed or full
progress     what is under way, on stderr
tables       the results as text
"""
