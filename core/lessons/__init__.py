"""Lessons: a question, a prediction, a run, and a check of the prediction against that run. A folder each.

catalog   all lessons, one of them, one step; and what is wrong with them
lesson    a lesson as data: frozen, validated
check     … and what a prediction is held against: which number, by which margin
reading   lesson.toml as that
texts     en.md and zh.md beside it
evidence  what a check reads: the records and looks of a run, and its networks' answers
measures  every number that a check may name
readings  … of a step without a run
units     … and how one of them is written
numbers   … and how those of a check are told
checks    what the numbers of a run say, and whether a prediction holds
recorded  runs that come with the lessons, for who would stand in line
trying    lessons without a page: run to their end, over seeds

demonstration   what a step computes at once, in place of a run: tables, code, and the numbers that its check reads
demonstrations  all of them, by the name that lesson.toml has
typed_over      … a matrix that one may type over,
agreement       batch norm three ways,
whitening       what batch norm leaves of how features hang together,
company         whether an example's results depend on the others,
book_class      and the book's class, saved and switched
"""
