"""Which data to train on: MNIST where it can be had, else the embedded digits, and always why."""

import os
from collections.abc import Sequence
from pathlib import Path

from numeric.data import mnist
from numeric.data.dataset import Dataset
from numeric.data.digits import load_digits
from numeric.errors import InputError

DATASETS = ("auto", "mnist", "digits")
_COMMON_NAMES = {"mnist": "MNIST"}


def load(dataset: str = "auto", data: Path | str | None = None, mirrors: Sequence[str] = mnist.MIRRORS) -> Dataset:
    """Load "mnist", "digits", or "auto": MNIST where it can be had, else the digits. `Dataset.why` tells which and why.

    MNIST comes from the folder `data`, else from the one in BACKPROOF_DATA, else from the user's cache, else from
    `mirrors` into that cache. Raises InputError for an unknown name, for a folder `data` without MNIST, for damaged
    files, and for "mnist" where it cannot be had.
    """
    if dataset not in DATASETS:
        raise InputError(f"unknown dataset {dataset!r}; expected one of {', '.join(DATASETS)}")
    if dataset == "digits":
        if data is not None:
            raise InputError(f"the digits are embedded, and {data} was given for MNIST: leave one of the two out")
        return load_digits("scikit-learn's handwritten digits, as asked for")
    if data is not None:
        return _from_folder(Path(data))
    named = os.environ.get("BACKPROOF_DATA")
    files = mnist.find(Path(named)) if named else {}
    if files:
        return mnist.assemble(mnist.read(files), f"MNIST from BACKPROOF_DATA={named}")
    absence = f"no MNIST files in BACKPROOF_DATA={named}" if named else "BACKPROOF_DATA is not set"
    try:
        return _from_cache(mirrors)
    except (InputError, OSError) as error:
        trouble = f"{absence}; {error}"
    if dataset == "mnist":
        raise InputError(f"MNIST cannot be had: {trouble}; give --data DIR with its four IDX files")
    return load_digits(f"scikit-learn's embedded digits, because MNIST cannot be had: {trouble}")


def _from_folder(folder: Path) -> Dataset:
    if not folder.is_dir():
        raise InputError(f"no folder {folder}; expected one with MNIST's four IDX files, plain or .gz")
    files = mnist.find(folder)
    if not files:
        raise InputError(f"no MNIST files in {folder} or {folder / 'mnist'}; expected its four IDX files, plain or .gz")
    return mnist.assemble(mnist.read(files), f"MNIST from {folder}")


def _from_cache(mirrors: Sequence[str]) -> Dataset:
    import pooch  # knows where caches live on every system

    folder = Path(pooch.os_cache("backproof")) / "mnist"
    return mnist.assemble(mnist.fetch(folder, mirrors), f"MNIST from the cache {folder}")


def common_name(dataset: str) -> str:
    """What people call a dataset: "MNIST" for "mnist"."""
    return _COMMON_NAMES.get(dataset, dataset)
