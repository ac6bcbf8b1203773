"""A picture of a digit, made to look as MNIST's do: light on dark, in a box of 20x20, its centre of mass in the middle.

Source: LeCun, Bottou, Bengio and Haffner (1998), Gradient-Based Learning Applied to Document Recognition, section
III.A.
"""

import math
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from numeric.errors import InputError

MOST_PIXELS = 50_000_000
LONGEST_FILE = 100_000_000  # bytes
MOST_ALONG = 65_535  # pixels along a side, as many as a JPEG can have
ENOUGH_ALONG = 2048  # what has more is reduced first, for a digit of 20 of them
FORMATS = ("PNG", "JPEG")
# How Pillow reports damaged files, and what it stumbles over in them: a palette that is missing, a chunk too short.
STUMBLES = (
    ValueError,
    SyntaxError,
    AssertionError,
    LookupError,
    TypeError,
    AttributeError,
    OverflowError,
    struct.error,
)
# Of 28 pixels, the box that the ink fills takes 20.
BOX = 20 / 28
ROUNDING = 2e-5  # pixels; what is symmetric has its centre half a pixel off, give or take rounding
LEAST_CONTRAST = 30  # of 255 grey levels
FAINTEST = 0.2  # what is fainter than this part of the darkest ink is paper
# The share of ink in MNIST's training images: 1 in 1000 has less than the first, 1 in 1000 more than the second.
LEAST_INK, MOST_INK = 0.036, 0.291


@dataclass(frozen=True)
class Picture:
    """A picture as a network reads it: one float32 row of `side`*`side` values from 0 to 1; `doubts` about it."""

    row: np.ndarray
    side: int
    doubts: tuple[str, ...]


def read_picture(path: Path, features: int) -> Picture:
    """Read a PNG or JPEG of one digit, of any size, dark on light or light on dark, for a network of so many pixels.

    Raises InputError for what is no such file, is too large, or shows nothing; its header is believed only so far.
    """
    from PIL import Image, UnidentifiedImageError  # heavy, and needed only here

    side = round(features**0.5)
    if side * side != features:
        raise InputError(f"the network reads {features} numbers, which are no square picture")
    try:
        _require_short(path)
        # What Pillow would warn of, a chunk that it leaves out, say, shows in the picture or does not matter.
        with (
            warnings.catch_warnings(action="ignore"),
            path.open("rb") as file,
            Image.open(file, formats=FORMATS) as image,
        ):
            if image.width * image.height > MOST_PIXELS or max(image.size) > MOST_ALONG:
                raise InputError(
                    f"{path} has {image.width} x {image.height} pixels; at most {MOST_PIXELS // 10**6} million are "
                    f"read, and {MOST_ALONG} along a side"
                )
            grey = _on_white(image)
    except UnidentifiedImageError:
        raise InputError(f"{path} is no PNG or JPEG picture") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    except InputError:
        raise
    except (*STUMBLES, Image.DecompressionBombError) as error:
        raise InputError(f"{path} is damaged: {str(error) or type(error).__name__:.200}") from None
    ink = _ink(grey, path)
    row = centred(ink, side).reshape(1, -1)
    return Picture(row, side, tuple(_doubts(ink, row)))


def _require_short(path: Path) -> None:
    if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe would never end
        raise InputError(f"cannot read {path}: it is no regular file")
    if path.is_file() and path.stat().st_size > LONGEST_FILE:
        raise InputError(f"{path} is longer than {LONGEST_FILE // 10**6} MB; it cannot be a picture of one digit")


def _on_white(image) -> np.ndarray:
    """Grey levels from 0 to 255; what is transparent shows white paper."""
    from PIL import Image

    if image.mode.startswith("I"):  # 16 bits, which Pillow would cut off at 255 instead of scaling them
        grey = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    elif image.has_transparency_data:
        rgba = image.convert("RGBA")
        grey = Image.new("L", image.size, "white")
        grey.paste(rgba.convert("L"), mask=rgba.getchannel("A"))
    else:
        grey = image.convert("L")
    factors = [-(-side // ENOUGH_ALONG) for side in grey.size]
    return np.asarray(grey.reduce((factors[0], factors[1])), np.float32)


def _ink(grey: np.ndarray, path: Path) -> np.ndarray:
    """How much ink is where, from 0 to 1: what differs from the paper, which is what most of the border shows."""
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    ink = np.abs(grey - np.median(border))
    if ink.max() < LEAST_CONTRAST:
        raise InputError(f"{path} shows nothing: all of it is of about the same grey")
    ink /= ink.max()
    ink[ink < FAINTEST] = 0
    return ink


def centred(ink: np.ndarray, side: int) -> np.ndarray:
    """Ink[H, W] scaled into the box, its proportions kept, and moved so that its centre of mass is the middle.

    Returns float32 [side, side], from 0 to 1.
    """
    from PIL import Image
    from scipy.ndimage import shift

    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    box = max(1, round(side * BOX))
    scale = box / max(ink.shape)
    height, width = (max(1, round(length * scale)) for length in ink.shape)
    small = Image.fromarray((ink * 255).astype(np.uint8)).resize((width, height), Image.Resampling.BOX)
    page = np.zeros((side, side), np.float32)
    top, left = (side - height) // 2, (side - width) // 2
    page[top : top + height, left : left + width] = np.asarray(small, np.float32) / 255
    places = np.indices(page.shape)
    centre = [float((place * page).sum() / page.sum()) for place in places]
    offsets = [math.floor(side / 2 - place + 0.5 - ROUNDING) for place in centre]
    return shift(page, offsets, order=0)


def _doubts(ink: np.ndarray, row: np.ndarray) -> list[str]:
    share = float(row.mean())
    doubts = []
    if share < LEAST_INK:
        doubts.append(f"it has less ink than a digit ({share:.1%} of the picture)")
    if share > MOST_INK:
        doubts.append(f"it has more ink than a digit ({share:.1%} of the picture)")
    if min(ink.shape) < 8:
        doubts.append(f"it has only {ink.shape[1]} x {ink.shape[0]} pixels")
    return doubts
