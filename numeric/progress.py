"""What a person sees while a network trains: a live bar on a terminal, plain lines elsewhere."""

from contextlib import AbstractContextManager
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from numeric.history import Epoch


class ProgressDisplay(AbstractContextManager["ProgressDisplay"]):
    """An Observer that prints a line for every epoch, and on a terminal a live bar beneath them."""

    def __init__(self, console: Console) -> None:
        """Nothing is printed before training starts."""
        self._console = console
        self._epochs = 0
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def __enter__(self) -> "ProgressDisplay":
        """Promise to take the bar away again."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away; the lines stay."""
        if self._bar is not None:
            self._bar.stop()

    def start(self, epochs: int) -> None:
        """Take note of how many lines there will be; show the bar, where there is a terminal to show it on."""
        self._epochs = epochs
        if self._console.is_terminal:
            percentage = TextColumn("{task.percentage:>3.0f} %")
            columns = (TextColumn("training"), BarColumn(), percentage, TimeRemainingColumn())
            self._bar = Progress(*columns, console=self._console, transient=True)
            self._task = self._bar.add_task("training", total=1.0)
            self._bar.start()

    def batch(self, done: float) -> None:
        """Move the bar."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done)

    def epoch(self, record: Epoch) -> None:
        """Print the epoch's line."""
        self._console.print(
            f"epoch {record.epoch:>{len(str(self._epochs))}}/{self._epochs}   loss {record.loss:.4f}"
            f"   validation {record.validation_accuracy:.2%}   {record.seconds:.2f} s",
            highlight=False,
        )
