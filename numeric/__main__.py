"""`python -m numeric ...` is `backproof train ...`: the command, which brings the checks, stays where it is."""

import sys
from importlib import import_module

if __name__ == "__main__":
    sys.argv.insert(1, "train")
    import_module("backproof").main()
