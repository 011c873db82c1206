"""Sends all of its group what a terminal's Ctrl-C and a stop send, at the moment at which it is imported."""

import os
import signal

os.killpg(0, signal.SIGINT)
os.killpg(0, signal.SIGTERM)
