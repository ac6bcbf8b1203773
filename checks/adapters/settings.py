"""A dictionary of options, as some code takes them: what of it is read, and what is missing in it."""

from collections.abc import Iterator, Mapping
from typing import Any

_LONGEST = 40  # characters of a key that are shown


class Settings(dict[str, Any]):
    """A dictionary that remembers which of its keys are asked for, in `read`; whoever goes through it asks for all.

    Of what is there `besides` only who asks for it by name is told: it is no parameter to be gone through.
    """

    def __init__(self, given: dict[str, Any], besides: Mapping[str, Any] | None = None) -> None:
        """Nothing has been read of what is given."""
        super().__init__(given)
        self.read: set[str] = set()
        self._besides = {key: value for key, value in (besides or {}).items() if key not in given}

    def __getitem__(self, key: str) -> Any:
        """The value of a key. Raises KeyError, which says how to map one that is not there."""
        self.read.add(key)
        if not super().__contains__(key):
            if key in self._besides:
                return self._besides[key]
            hint = f": say what that is in the layer (--name {key}=NAME)" if str(key).isidentifier() else ""
            raise KeyError(_Told(f"{str(key)[:_LONGEST]!r}{hint}"))
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        """Whether there is such a key."""
        self.read.add(str(key))
        return super().__contains__(key) or key in self._besides

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, or the default."""
        self.read.add(key)
        return super().get(key, self._besides.get(key, default))

    def pop(self, key: str, *default: Any) -> Any:
        """The value of a key, or the default; the key is gone then. Raises KeyError without either."""
        self.read.add(key)
        return self._besides.pop(key) if key in self._besides else super().pop(key, *default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of a key, which is there from now on."""
        self.read.add(key)
        return super().setdefault(key, self._besides.get(key, default))

    def __iter__(self) -> Iterator[str]:
        """The keys, all of them; so go `**settings` and `dict(settings)`."""
        self.read.update(super().keys())
        return super().__iter__()

    def keys(self) -> Any:
        """The keys, all of them."""
        self.read.update(super().keys())
        return super().keys()

    def items(self) -> Any:
        """Keys and values, all of them."""
        self.read.update(super().keys())
        return super().items()

    def values(self) -> Any:
        """The values, all of them."""
        self.read.update(super().keys())
        return super().values()


class _Told(str):
    """A sentence that a KeyError shows without quotes."""

    def __repr__(self) -> str:
        """As it is."""
        return str(self)
