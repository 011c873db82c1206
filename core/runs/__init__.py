"""Runs: executed, watched, asked and steered. The only room that starts threads.

manager      all runs of a process, and the thread of each
run          one run: its orders, its watchers, how it stands
shown        it as everybody is shown it: without the arms that its owner hides
hidden       which these are, and how they are left out
orders       what was ordered of a run and is not confirmed yet
watchers     who has a page of it open
clock        how long it has been under way
owner        who may steer a run
shared_runs  the runs that several have started
sharing      … whether one may be shared, and one's own from where it stands
classes      who follows which teacher, by a link
library      the runs that are kept: which a browser may see, and what it may do with them
line         the line in which runs wait for the device, or for a place on a cluster
elsewhere    whether the mini-batches of live runs are made on a cluster: what NORMSCOPE_RAY says
following    … the thread of such a run: it orders there and tells here, however many hosts it takes
mirror       … how the run here is made to stand as the one there
host         … and the run there, which answers by bytes
ray_runs     live runs on a Ray cluster, each an actor
ray_live     … the process that has the connection to it
ray_host     … and the actor
engine       where the points of a sweep are computed: the interface
local_engine the one of this machine: worker processes
ray_engine   the one of a Ray cluster: many machines
ray_driver   … the process that has the connection to it
ray_cluster  … and how that is made, or refused in a sentence
ray_work     … what is done there of a point
engines      which of them computes: what NORMSCOPE_RAY says
answers      what a worker of either answers of a point
processes    a process of theirs, and the pipe to it
aside        a thread beside the pages, for what is no run
looks        what the networks looked like inside, bounded, and what each page gets of it
writer       the thread that writes what is executed here to the shelf
keeping      one run on its way there
unkept       what the shelf does not have yet
archive      the runs on the shelf, a few of them at hand
kept_run     one of them: it answers as a run does
recorded_run one that comes with NormScope
kept_looks   what was seen inside its networks, and these, read when they are asked for
wishes       what watchers in another process want of a run
faults       why a run has failed that an exception has ended
taking_up    a run goes on that was stopped or interrupted
again        what it tells a second time, which is dropped
origin       where, when and with what a run was begun
journal      one line an event, for who operates the server
figures      how they all stand, in figures, for who operates the server
work         what an experiment may take at most, where an operator says so
paces        how long an experiment takes here, and who waits for others
pace         when a run is looked into
asking       questions that wait for the moment between two mini-batches
questions    what is asked: maps, recalibration, noise
at_hand      whose answer is had: the networks of now, of the last checkpoint, or of the end
snapshots    the networks as they were at a few steps
downloads    data sets on their way, each once for all who wait for it
gallery      the images of a run; the digits where others cannot be had
"""
