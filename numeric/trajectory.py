"""The path that training takes: its parameters, a few dozen times, to be drawn afterwards."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from numeric import checkpoint
from numeric.errors import InputError

TRAJECTORY = "path.safetensors"
MOST_POINTS, MOST_NUMBERS = 50, 4_000_000  # 16 MB at most
_ROUNDING = 1e-9  # 1/49 times 49 may be less than 1


def most_points(size: int) -> int:
    """How many vectors of `size` parameters are kept: 50, fewer where they would be too large."""
    return min(MOST_POINTS, MOST_NUMBERS // size)


@dataclass
class Trajectory:
    """Vectors of parameters, float32, and which share of training was done when each was kept."""

    done: list[float] = field(default_factory=list)
    vectors: list[np.ndarray] = field(default_factory=list)

    def see(self, done: float, vector: np.ndarray) -> None:
        """Keep a copy of `vector` where the share of training that is done has grown enough since the last."""
        most = most_points(vector.size)
        if most >= 2 and done * (most - 1) >= len(self.vectors) - _ROUNDING:
            self.done.append(done)
            self.vectors.append(vector.astype(np.float32))

    def rewind(self, done: float) -> None:
        """Forget what came after this share of training: an interrupted run goes on from there."""
        kept = sum(each <= done for each in self.done)
        del self.done[kept:], self.vectors[kept:]

    def save(self, folder: Path) -> None:
        """Write path.safetensors into `folder`, whole or not at all; nothing where no vector was kept.

        Raises InputError where that is impossible.
        """
        if not self.vectors:
            return
        done, vectors = np.array(self.done, np.float64), np.array(self.vectors, np.float32)
        try:
            checkpoint.save(folder / TRAJECTORY, {"done": done, "vectors": vectors}, {})
        except OSError as error:
            raise InputError(f"cannot write {folder / TRAJECTORY}: {error.strerror}") from None

    @classmethod
    def resumed(cls, folder: Path, done: float, size: int) -> "Trajectory":
        """The path of `size` parameters in `folder`, if there is one, as it was when this share of training was done.

        Raises InputError where it is damaged, or of another network.
        """
        path = cls.load(folder) if (folder / TRAJECTORY).is_file() else cls()
        if any(vector.size != size for vector in path.vectors):
            raise InputError(f"{folder / TRAJECTORY} is of another network; train anew, with another --out")
        path.rewind(done)
        return path

    @classmethod
    def load(cls, folder: Path) -> "Trajectory":
        """Read what `save` wrote. Raises InputError where there is no such file, or it is damaged."""
        path = folder / TRAJECTORY
        arrays, _ = checkpoint.load(path)
        done, vectors = arrays.get("done"), arrays.get("vectors")
        if done is None or vectors is None or done.ndim != 1 or vectors.ndim != 2 or len(done) != len(vectors):
            raise InputError(f"{path} holds no path; train anew")
        vectors = checkpoint.cast(vectors)
        if not (np.isfinite(done).all() and np.isfinite(vectors).all()):
            raise InputError(f"{path} holds numbers that are not finite; train anew")
        return cls(done.tolist(), list(vectors))
