"""Out of the page.

formats          a run as files, by the name of the format: csv, parquet, json, script, notebook
results          a run as one JSON document
tables           a run's facts as pandas tables, tidy
figures          the pages' charts as figures of plotly's Python, made of
curves             … the lines of loss and accuracy,
charts             … what looks inside the networks show,
colours            … and the arms' colours
script           an experiment as a Python script of its own, and
notebook         … as a notebook: the same program
program          an experiment as a plain PyTorch program, in sections: words and code, made of
program_data       … the images,
program_nets       … the networks,
program_rates      … the learning rates,
program_results    … and what was measured
report           a run as one HTML file that opens offline, made of
report_numbers     … what its charts draw,
report_words       … what it says,
scripts            … and the page's own scripts as one
bundle           a run as one zip, which another NormScope opens, made of
archive            … a zip whose members are checked before one is unpacked,
bundle_checks      … and what these must be
look_checks        … and what a look must be
recorded         a First look that comes with NormScope
events           TensorBoard's, where that is installed
onnx             the networks for other programs, where onnx is installed
weights          their numbers as safetensors, with a README
networks         as they were at the end
qr_code          an address for the cameras of phones
title            what a run is called in a file
packages         what some formats need and NormScope does not
troubles         what cannot be exported, or read again
"""
