"""What the numbers support, in sentences.

verdict      what the latest test supports
conclusions  what a look inside supports
numerals     how very large and very small numbers are written
"""
