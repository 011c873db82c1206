"""What the numbers support, in sentences.

verdict      what the latest test supports
endings      how arms came to an end that was not the run's
conclusions  what a look inside supports
numerals     how very large and very small numbers are written
"""
