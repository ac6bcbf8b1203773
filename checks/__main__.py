"""`python -m checks ...` is `backproof check ...`."""

import sys

from backproof import main

if __name__ == "__main__":
    main(["check", *sys.argv[1:]])
