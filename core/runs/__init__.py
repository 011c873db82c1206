"""Runs: executed, watched, asked and steered. The only room that starts threads.

manager      all runs of a process, and the thread of each
run          one run: its orders, its watchers, how it stands
line         the line in which runs wait for the device
looks        what the networks looked like inside, bounded, and what each page gets of it
pace         when a run is looked into
asking       questions that wait for the moment between two mini-batches
questions    what is asked: maps, recalibration, noise
snapshots    the networks as they were at a few steps
downloads    data sets on their way, each once for all who wait for it
gallery      the images of a run; the digits where others cannot be had
"""
