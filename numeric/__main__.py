"""`python -m numeric ...` is `backproof train ...`."""

import sys

from backproof import main

if __name__ == "__main__":
    main(["train", *sys.argv[1:]])
