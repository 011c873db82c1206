"""Beside the pages.

routes       which address is answered by what; the server's beginning and end
api          what the browser is told of a run: points, looks, answers, results
parameters   what a request asks with, read and checked
assets       what the browser loads: scripts, styles, plotly.js
preload      which of them a page needs, said with the page itself
"""
