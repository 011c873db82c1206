"""`python -m core …`: the command line."""

import sys

if __name__ == "__main__":
    try:
        from core.cli.process import process

        code = process()
    except KeyboardInterrupt:  # while Python still read the program, before anything could say so
        code = 130
    sys.exit(code)
