"""Arrays as small PNG pictures inside the page: digits in grey, weights in two colours."""

import io
from base64 import b64encode

import numpy as np

# Weights against are blue, weights for are orange, both readable on light and on dark; 0 shows the page through.
AGAINST, FOR = (30, 110, 220), (224, 92, 16)
_LEVELS = 31  # of each colour: more are not told apart, and compress worse


def ink_uri(image: np.ndarray) -> str:
    """Image[H, W] of values from 0 to 1 as the data URI of a PNG, dark ink on white paper."""
    grey = np.rint(255 * (1 - np.clip(image, 0, 1))).astype(np.uint8)
    return _data_uri(grey)


def weights_uri(weights: np.ndarray, limit: float) -> str:
    """Weights[H, W] as the data URI of a PNG: the nearer to 0, the more transparent; full colour from `limit` on."""
    levels = np.rint(np.clip(weights / limit, -1, 1) * _LEVELS).astype(np.int64) + _LEVELS
    palette = np.array([AGAINST] * _LEVELS + [FOR] * (_LEVELS + 1), np.uint8)
    opacity = np.rint(255 * np.abs(np.arange(-_LEVELS, _LEVELS + 1)) / _LEVELS).astype(np.uint8)
    return _data_uri(levels.astype(np.uint8), palette, opacity)


def _data_uri(pixels: np.ndarray, palette: np.ndarray | None = None, opacity: np.ndarray | None = None) -> str:
    from PIL import Image  # heavy, and needed only where something is drawn

    image, options = Image.fromarray(pixels), {}
    if palette is not None and opacity is not None:
        image.putpalette(palette.tobytes())
        options["transparency"] = opacity.tobytes()
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True, **options)
    return f"data:image/png;base64,{b64encode(file.getvalue()).decode()}"
