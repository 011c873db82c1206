"""Out of the page.

results      a run as one JSON document
"""
