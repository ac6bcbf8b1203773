"""What an import that fails leaves behind, where the rest of a file may do without: it says so once it is used."""

from typing import Any, NoReturn

from checks.implementation import MisconductError


class Absent:
    """Stands for a name that could not be imported. Calling it, or asking it for something, raises MisconductError."""

    def __init__(self, name: str, why: str) -> None:
        """`why` is what the import raised, and where."""
        vars(self)["_told"] = f"it needs {name}, which is not there: {why}"

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise MisconductError("raises", vars(self)["_told"], ran=False)

    __call__ = __getitem__ = __iter__ = __mro_entries__ = _refuse

    def __getattr__(self, name: str) -> Any:
        """Nothing, neither: what is asked for by Python itself is just not there."""
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse()
