"""`python -m core …`: the command line."""

import sys

from core.cli.commands import _process

if __name__ == "__main__":
    sys.exit(_process())
