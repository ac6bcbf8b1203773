import subprocess
import sys

import numpy as np
import pytest

from numeric.allocation import keep_freed_memory

# Memory that the system gives back is given page by page: every page of it faults once more.
PROGRAM = """
import resource, sys
import numpy as np
from numeric.allocation import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
for _ in range(20):
    [np.ones(1 << 17) for _ in range(20)]
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""
# What is held is larger than all that was held before: a process may have been larger while it began.
PEAKS = """
import numpy as np
from numeric.allocation import peak_memory
before = peak_memory()
held = np.ones(before // 8 + (1 << 22))
during = peak_memory()
del held
print(before, during, peak_memory())
"""


def faults(how):
    told = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    return int(told.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the switch is glibc's")
def test_what_is_freed_is_kept():
    assert faults("kept") < faults("given back") - 10 * 20 * 256


def test_asking_twice_is_harmless():
    keep_freed_memory()
    keep_freed_memory()


def test_the_peak_of_a_process_grows_with_what_it_holds_and_stays():
    told = subprocess.run([sys.executable, "-c", PEAKS], capture_output=True, text=True, check=True)
    before, during, after = map(int, told.stdout.split())
    assert min(during, after) > before + (1 << 25)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux hands the peak down")
def test_a_process_does_not_inherit_the_peak():
    held = np.ones(1 << 25)
    program = "from numeric.allocation import peak_memory; print(peak_memory())"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(told.stdout) < held.nbytes
