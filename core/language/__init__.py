"""English and 中文: which language is spoken, and every sentence in it. The lowest room: all others may say something.

languages  which there are, and which of them a browser's or a machine's settings mean
speech     the language spoken here and now, and sentences in it: _, ngettext, pgettext
message    a sentence to be told later, in the language of who reads: its key and its values
places     a folder or file in a sentence, whose path only some may read
unforeseen an exception in one line
lists      several things in one sentence
several    several messages as one
columns    how much room a text takes on a terminal
"""
