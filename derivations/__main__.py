"""`python -m derivations ...` is `backproof derive ...`."""

import sys

from backproof import main

if __name__ == "__main__":
    main(["derive", *sys.argv[1:]])
