"""Runs that outlive the process, on this machine's disk: a folder a run. Nothing that is read is executed.

shelf      all runs that are kept here: listed, opened, named, deleted and taken back, within a limit
run_file   one run's SQLite file: what was measured, looks, networks, the state to go on from
taking_in  a run of another NormScope comes onto the shelf
class_file a class, by whose link others follow what its teacher has in view
card       what a list shows of a run, in a small file of its own
killed     runs whose process has ended without a word
failures   what could not be read, and why
soundness  whether anything is wrong with a run: all of it is read
schema     how the file is built, and how an older one is brought up to date
checksum   whether a row of it is as it was written
lock       who writes a run: one process
presence   whether a file is there, as far as that can be seen
limit      what all runs may take, and which leave
leftovers  what is put out of the way, and what lies there too long and is deleted
troubles   what can go wrong with a file, in sentences
codec      records, looks and experiments as JSON, and back
reading    a run of the shelf as a Recording
networks   weights and buffers as safetensors
recording  Recording: a run as it is kept, from which everything that leaves the page is made
"""
