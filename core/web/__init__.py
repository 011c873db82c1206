"""Beside the pages.

routes       which address is answered by what; the server's beginning and end
base         what all addresses begin with
answering    that is done before Streamlit is asked
api          what the browser is told of a run: looks, answers, results
points       its course, for who watches it: how it stands, and what is new
exported     a run as a file, in any format
lessons      lessons as the browser shows them, and the verdict on a prediction
lesson_steps a step of one of them, before anything is decided and after
lab          the lab: what can be asked, what it would take, what a sweep has found so far
imported     a file as a run of this browser
classes      how the class stands that a browser follows
listing      what the Runs page is told: the runs that a browser may see, and what they take
metrics      how the server stands, for who operates it
description  all of it as OpenAPI has it
code         an experiment's program, of a run and of settings
terms        what every number and word means
parameters   what a request asks with, read and checked
assets       what the browser loads: scripts, styles, plotly.js
owner        whose browser it is: a secret that it keeps in a cookie
limiting     how often the server may be asked
turns        few threads for what takes long, and few who wait for them
failing      what is answered where something fails that nobody foresaw
pacing       an answer goes out as fast as it is read
sockets      and at once: nothing waits for an acknowledgement
unchanged    what a browser has already is not sent again
preload      which of them a page needs, said with the page itself
guarding     what a browser may do with an answer: what a page runs, which sites may frame it
"""
