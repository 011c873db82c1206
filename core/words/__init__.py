"""What the numbers support, in sentences.

verdict      what the latest test supports
endings      how arms came to an end that was not the run's
conclusions  what a look inside supports
settings     what the settings are called, what a preset sets, how long it takes
numerals     how very large and very small numbers are written
"""
