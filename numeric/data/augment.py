"""Affine and elastic distortions of images, cheap enough to be drawn anew for every epoch.

A field says for every pixel of the distorted image where in the original to read. Some images share one field: then
the four pixels and weights of every bilinear interpolation are a sparse matrix, worked out once for all of them.

Source: Simard, Steinkraus and Platt (2003), Best Practices for Convolutional Neural Networks Applied to Visual Document
Analysis, section 2: smoothed uniform noise, bilinear interpolation, and zero outside of the image.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from numeric.errors import InputError

# Fields lead to multiples of 1/2048 of a pixel: then the weights of an interpolation are exact in float32 and add up to
# exactly 1, and no value is greater than the greatest of the four that it lies between, not by the last bit.
_STEPS = 2048
_PIXELS_AT_ONCE = 1 << 13  # with all images that share their fields they stay in the cache


@dataclass(frozen=True)
class Distortion:
    """How far images are distorted. The first four are the most there is, either way, and all up to it equally likely.

    `rotation` is in degrees about the centre; `scale` is a share of the height, and, drawn on its own, of the width;
    `shear` is the pixels that a row moves against the next; `shift` is in pixels, down and, on its own, right. `alpha`
    is the standard deviation of the elastic displacement at every pixel, in pixels, down and, on its own, right;
    `sigma` is that of the Gaussian which smooths it, in pixels. At most `group` images share one field.

    The defaults suit MNIST, digits of about 20 pixels in images of 28: scale shift, alpha and sigma for other sizes.
    """

    rotation: float = 10.0
    scale: float = 0.1
    shear: float = 0.1
    shift: float = 1.0
    alpha: float = 1.0
    sigma: float = 4.0
    group: int = 32

    def __post_init__(self) -> None:
        """Raise InputError for a negative or infinite number, a scale of 1, a sigma or a group of 0."""
        for field in fields(self):
            number = getattr(self, field.name)
            if not 0 <= number < math.inf:
                raise InputError(f"{field.name} of a distortion is {number}; expected a finite number, 0 or more")
        if self.scale >= 1:
            raise InputError(f"scale of a distortion is {self.scale}; expected less than 1, which leaves nothing")
        if not self.sigma:
            raise InputError("sigma of a distortion is 0; expected more (for no elastic distortion, alpha is 0)")
        if self.group != int(self.group) or self.group < 1:
            raise InputError(f"group of a distortion is {self.group}; expected a whole number, 1 or more")

    def fields(self, number: int, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
        """Draw float32 fields [number, 2, H, W] for images of `shape` (H, W): the row and column that each pixel reads.

        q(p) = p + (R S K - I)(p - c) + t + alpha u(p), to the nearest 1/2048 of a pixel, for the centre c, rotation R,
        scales S, shear K and shift t, and noise u of variance 1. Without distortion q(p) = p.
        """
        q = self._elastic(number, shape, rng)
        q += self._affine(number, shape, rng)
        q += np.indices(shape, np.float32)
        q *= _STEPS
        np.rint(q, out=q)
        q /= _STEPS
        return q

    def _affine(self, number: int, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
        """(R S K - I)(p - c) + t, [number, 2, H, W]."""
        H, W = shape
        turn, tall, wide, slant, down, right = rng.uniform(-1, 1, (6, number))
        angle = np.radians(self.rotation * turn)
        none, one = np.zeros(number), np.ones(number)
        R = _stacked([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        S = _stacked([[1 + self.scale * tall, none], [none, 1 + self.scale * wide]])
        K = _stacked([[one, none], [self.shear * slant, one]])
        t = _stacked([[self.shift * down], [self.shift * right]])
        c = np.array([[H - 1], [W - 1]]) / 2
        from_centre = (np.indices(shape).reshape(2, H * W) - c).astype(np.float32)
        moved = (R @ S @ K - np.eye(2)).astype(np.float32) @ from_centre + t.astype(np.float32)
        return moved.reshape(number, 2, H, W)

    def _elastic(self, number: int, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
        """alpha u(p), [number, 2, H, W]: uniform noise, smoothed along the rows and the columns."""
        H, W = shape
        noise = 2 * rng.random((number, 2, H, W), np.float32) - 1
        u = _gaussian(H, self.sigma) @ (noise @ _gaussian(W, self.sigma).T)
        u *= np.float32(self.alpha * math.sqrt(3))  # uniform noise from -1 to 1 has variance 1/3
        return u

    def distort(
        self, images: np.ndarray, shape: tuple[int, int], rng: np.random.Generator, out: np.ndarray | None = None
    ) -> np.ndarray:
        """Distort images, float32 rows [N, H W] of `shape` (H, W), into `out`, which may be `images` itself.

        Of F = ceil(N/group) fields, or one more where that is even, image n gets number n mod F: those that share one
        are F rows apart, and need no shuffling afterwards. Values from 0 to 1 stay there. Raises InputError as `sample`
        does.
        """
        _require_rows("images", images, shape)
        # Rows a power of two apart would drive each other out of the cache; those that share a field are F apart.
        number = math.ceil(len(images) / self.group) | 1
        return sample(images, self.fields(number, shape, rng), out)


def sample(images: np.ndarray, q: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Y[n, h, w] = X[n] at q[n mod F, :, h, w], by bilinear interpolation, with zeros all around the image.

    `images` are float32 rows X[N, H W], the fields q[F, 2, H, W] float32: rows and columns, both counted from 0 at the
    centre of the first pixel. Returns `out`, float32 [N, H W], which may be `images` itself. Raises InputError where
    dtypes or shapes are others, where there is no image, and where a field is not finite.
    """
    if q.dtype != np.float32 or q.ndim != 4 or not len(q) or q.shape[1] != 2 or not np.isfinite(q).all():
        raise InputError(
            f"fields are {q.dtype} of shape {q.shape}; expected float32 of shape (fields, 2, height, width), all finite"
        )
    F, _, H, W = q.shape
    _require_rows("images", images, (H, W))
    out = np.empty(images.shape, np.float32) if out is None else out
    _require_rows("distorted images", out, (H, W))
    if len(out) != len(images):
        raise InputError(f"there is room for {len(out)} distorted images; expected room for {len(images)}")

    block = max(1, _PIXELS_AT_ONCE // (H * W))
    most = math.ceil(len(images) / F)
    padded = np.zeros((min(block, F), H + 2, W + 2, most), np.float32)
    sources, targets = list(_by_field(images, q.shape)), list(_by_field(out, q.shape))
    for first in range(0, F, block):
        here = slice(first, first + block)
        for places, X in sources:
            part = X[:, here]
            padded[: part.shape[1], 1:-1, 1:-1, places] = part.transpose(1, 2, 3, 0)
        Y = _interpolation(q[here]) @ padded[: F - first].reshape(-1, most)
        Y = Y.reshape(-1, H, W, most)
        for places, X in targets:
            part = X[:, here]
            part[:] = Y[: part.shape[1], ..., places].transpose(3, 0, 1, 2)
    return out


def _by_field(rows: np.ndarray, shape: tuple[int, ...]) -> Iterator[tuple[slice, np.ndarray]]:
    """Views [K, fields, H, W] of the images, and their places among those that share a field: all rounds, the rest."""
    F, _, H, W = shape
    rounds, rest = divmod(len(rows), F)
    yield slice(0, rounds), rows[: rounds * F].reshape(rounds, F, H, W)
    if rest:
        yield slice(rounds, rounds + 1), rows[rounds * F :].reshape(1, rest, H, W)


def _interpolation(q: np.ndarray):
    """The sparse matrix from padded pixels, [F (H+2) (W+2)], to interpolated ones, [F H W]: four entries a row."""
    from scipy.sparse import csr_array  # heavy, and needed only here

    F, _, H, W = q.shape
    size = np.array([[[H]], [[W]]], np.float32)
    q = np.clip(q, -1, size)  # from there on all is zero
    corner = np.minimum(np.floor(q), size - 1)
    after = q - corner
    before = 1 - after
    weights = np.empty((F, H, W, 4), np.float32)
    np.multiply(before[:, 0], before[:, 1], out=weights[..., 0])
    np.multiply(before[:, 0], after[:, 1], out=weights[..., 1])
    np.multiply(after[:, 0], before[:, 1], out=weights[..., 2])
    np.multiply(after[:, 0], after[:, 1], out=weights[..., 3])
    row, column = np.moveaxis(corner.astype(np.int32) + 1, 1, 0)
    images = np.arange(F, dtype=np.int32)[:, np.newaxis, np.newaxis]
    pixel = (images * (H + 2) + row) * (W + 2) + column
    pixels = pixel[..., np.newaxis] + np.array([0, 1, W + 2, W + 3], np.int32)
    starts = np.arange(0, weights.size + 1, 4, dtype=np.int32)
    return csr_array((weights.ravel(), pixels.ravel(), starts), shape=(F * H * W, F * (H + 2) * (W + 2)))


def _stacked(entries: list[list[np.ndarray]]) -> np.ndarray:
    """Matrices [number, rows, columns] from their entries, each of them [number]."""
    return np.moveaxis(np.array(entries), 2, 0)


def _gaussian(length: int, sigma: float) -> np.ndarray:
    """float32 A[length, length]: A x smooths x by a Gaussian, its rows of length 1 so that noise keeps its variance."""
    i = np.arange(length)
    A = np.exp(-(((i[:, np.newaxis] - i) / sigma) ** 2) / 2)
    A /= np.linalg.norm(A, axis=1, keepdims=True)
    return A.astype(np.float32)


def _require_rows(what: str, rows: np.ndarray, shape: tuple[int, int]) -> None:
    H, W = shape
    if rows.dtype != np.float32 or rows.ndim != 2 or rows.shape[1] != H * W or not rows.size:
        raise InputError(
            f"{what} are {rows.dtype} of shape {rows.shape}; expected float32 rows of {H} * {W} pixels, one or more"
        )
