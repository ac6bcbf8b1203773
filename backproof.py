"""The command line. A command imports what it needs, when it runs."""

import codecs
import errno
import json
import math
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from io import TextIOWrapper
from itertools import pairwise
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Any, Literal, TextIO

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from checks.report import Report

DONE, WRONG, REFUSED, INTERRUPTED = 0, 1, 2, 130
UNREAD = 141  # the reader of the output has gone: 128 + SIGPIPE, as a shell reports it
LONGEST_BAR, LIKELY = 50, 0.5
LONGEST_COMPLAINT = 2000  # letters; the names of all layers are 1200

Format = Literal["text", "latex", "markdown", "json", "numpy"]
Names = Annotated[list[str] | None, typer.Argument(metavar="LAYER", help="Names of layers; see derive --list.")]
Seed = Annotated[int, typer.Option(min=0, metavar="N", help="Where all randomness starts.")]
Order = Annotated[int, typer.Option(min=1, max=2, metavar="N", help="1: gradients. 2: the Hessian times a direction.")]
Jobs = Annotated[int, typer.Option(min=1, metavar="N", help="How many processes share the work.")]
Scheduler = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler, tcp://HOST:8786, whose workers share the work.")
]

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Derive, check and train neural networks written by hand.",
)


class RefusalError(Exception):
    """Why a command stops before it is done: one line, and the exit code."""

    def __init__(self, line: str, code: int = REFUSED) -> None:
        super().__init__(line)
        self.code = code


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit: 0 when done, 1 if checked code is not right, 2 for bad input, 130 on Ctrl-C.

    141 says that nobody reads the output any more. Where it is closed, as by `>&-` in a shell, it goes nowhere.
    """
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - until the process ends
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="spell")
    sys.exit(_exit_code(arguments))


def _exit_code(arguments: Sequence[str] | None) -> int:
    try:
        _require_no_empty(sys.argv[1:] if arguments is None else arguments)
        code = app(arguments, prog_name="backproof", standalone_mode=False) or DONE
        sys.stdout.flush()
        if code == INTERRUPTED:
            _complain("interrupted")
        return code
    except RefusalError as refusal:
        _complain(str(refusal))
        return refusal.code
    except typer.TyperException as error:
        _complain(f"{error.format_message().rstrip('.')}; backproof --help tells more")
        return REFUSED
    except SystemExit as stop:  # Typer and Rich end with 1 where nobody reads, which says that something disagrees
        if not isinstance(stop.__context__, BrokenPipeError):
            raise
        return UNREAD
    except OSError as error:
        if error.filename is not None:  # a name that is too long, say, or a folder that nobody may enter
            _complain(f"{error.filename}: {error.strerror}; choose another")
            return REFUSED
        if error.errno not in (errno.ENOSPC, errno.EPIPE):
            raise
        with open(os.devnull, "w") as nowhere:  # for what is left of the output, which Python writes at the end
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        if error.errno == errno.EPIPE:
            return UNREAD
        _complain(f"cannot write the output: {error.strerror}; make room, or send it somewhere else")
        return REFUSED


def _require_no_empty(arguments: Sequence[str]) -> None:
    """Refuse what an unset variable of a shell leaves behind: as a path it would be the folder that one is in."""
    parts = [part for each in arguments for part in (each.split("=", 1) if each.startswith("--") else [each])]
    for before, part in pairwise(("", *parts)):
        if not part:
            what = before if before.startswith("--") else "an argument"
            raise RefusalError(f"{what} is empty: say something there, or leave it out")


def _complain(message: str) -> None:
    """Say it in one line, whatever names of files or words of other people's code are in it."""
    line = "".join(letter if letter.isprintable() else "?" for letter in " ".join(message.split()))
    half = LONGEST_COMPLAINT // 2
    print(f"backproof: {line if len(line) <= 2 * half else f'{line[:half]} ... {line[-half:]}'}", file=sys.stderr)


@contextmanager
def _refusing(*errors: type[Exception]) -> Iterator[None]:
    """Turn errors that the user can mend into a refusal; all others are bugs, and keep their traceback."""
    try:
        yield
    except errors as error:
        raise RefusalError(str(error)) from None


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"backproof {version('backproof')}")
        except PackageNotFoundError:
            print("backproof, from source, not installed")
        raise typer.Exit


@app.callback()
def backproof(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Print the help where no command is given."""
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
def derive(
    layers: Names = None,
    wrt: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this input's cotangent; may be given again.")
    ] = None,
    format: Annotated[Format, typer.Option(help="How to print it.")] = "text",
    steps: Annotated[bool, typer.Option("--steps/--result", help="Every step, or the result alone.")] = True,
    listing: Annotated[bool, typer.Option("--list", help="List the layers.")] = False,
    file: Annotated[Path | None, typer.Option(metavar="FILE", help="Derive the layer that this text defines.")] = None,
    order: Order = 1,
) -> None:
    """Derive backward equations, step by step.

    Every step names its rule and is proved. Without a layer and without --file, the layers are listed.

    Exit code 0: derived. 1: what is printed is refuted, by a mistake of Backproof's. 2: bad usage.
    """
    from derivations import DerivationError, Layer
    from derivations.layer_file import read_layer_file
    from derivations.render.formats import formatted, refutation

    if listing or not (layers or file):
        _print_layers()
        return
    if format in ("latex", "numpy") and len(layers or []) + (file is not None) > 1:
        raise RefusalError(f"{format} prints a file for one layer, not for several: name one")
    with _refusing(DerivationError):
        asked: list[str | Layer] = [*(layers or []), *([read_layer_file(file)] if file else [])]
        width = _width()
        pages = [formatted(what, format, wrt=wrt or None, order=order, steps=steps, width=width) for what in asked]
        refuted = [why for what in asked if (why := refutation(what, wrt or None, order)) is not None]
    if format == "json":
        found = [json.loads(page) for page in pages]
        print(json.dumps(found[0] if len(found) == 1 else found, indent=2))
    else:
        print("\n\n".join(page.strip("\n") for page in pages))
    if refuted:
        raise RefusalError(f"this derivation is wrong: {refuted[0]}; do not use it, and report it, please", WRONG)


def _print_layers() -> None:
    from derivations import LAYERS

    summaries = {name: layer.summary for name, layer in LAYERS.items()}
    summaries["network"] = "Nielsen's four equations, BP1 to BP4, for a network of any depth"
    indent = max(map(len, summaries)) + 2
    width = _width() if sys.stdout.isatty() else sys.maxsize
    for name, summary in summaries.items():
        print(fill(summary, width, initial_indent=name.ljust(indent), subsequent_indent=" " * indent))


def _width() -> int:
    return shutil.get_terminal_size().columns


@app.command()
def check(
    layers: Names = None,
    dtype: Annotated[
        list[str] | None,
        typer.Option(metavar="DTYPE", help="float64 or float32; may be given again. Left out, both."),
    ] = None,
    seed: Seed = 0,
    jobs: Jobs = 1,
    scheduler: Scheduler = None,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write this file.")] = None,
    order: Order = 1,
    random: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="N single checks at random layers, sizes, options, dtypes and seeds."),
    ] = None,
) -> None:
    """Check the hand-written layers.

    Their forward and backward, against the derived equations and against finite differences, in their own dtype.
    With --order 2, differences of the backward against the derived Hessian times a random direction, in float64.
    With --random: does a check ever call correct code wrong? Exit code 1 if one does.

    Exit code 0: everything agrees. 1: something disagrees, or stays unresolved, so that nothing vouches for it.
    2: bad usage.
    """
    from checks.report import overall, summary
    from checks.suite import DTYPES, SUITE
    from checks.suite_page import suite_page
    from derivations import DerivationError
    from derivations.catalogue import find

    checkable = {row.layer: row.layer for row in SUITE}
    with _refusing(DerivationError):
        names = [find(name, checkable) for name in layers or checkable]
    dtypes = list(dict.fromkeys(dtype or (DTYPES if order == 1 else ("float64",))))
    if order == 2 and dtypes != ["float64"]:
        raise RefusalError("at second order differences need all digits of float64; leave --dtype out")
    for name in dtypes:
        if name not in DTYPES:
            raise RefusalError(f"no layer runs in {name!r}; expected {' or '.join(DTYPES)}")
    if random and (json_file or order == 2):
        raise RefusalError("--random counts checks of gradients, and leaves no file: give neither --json nor --order")
    if random:
        raise typer.Exit(_check_at_random(random, names, dtypes, seed, jobs, scheduler))
    if json_file:
        _require_place_for(json_file)
    console = _console()
    reports = _run_suite(names, dtypes, seed, console, jobs, scheduler, order)
    console.print(suite_page(reports))
    if json_file:
        _write(json_file, json.dumps(summary(reports), indent=1) + "\n")
    raise typer.Exit(DONE if overall(reports) == "agree" else WRONG)


def _check_at_random(
    checks: int, names: list[str], dtypes: list[str], seed: int, jobs: int, scheduler: str | None
) -> int:
    """Count the verdicts of random checks, on a terminal as they come; every alarm with a command that repeats it."""
    from checks.false_alarms import random_checks
    from checks.parallel import ClusterError

    console = _console()
    with console.status("checking at random") as status, _refusing(ClusterError):
        for tally in random_checks(checks, names, dtypes, seed, jobs, scheduler):
            status.update(f"{tally.checks} of {checks} checks, {len(tally.alarms)} alarms")
    for word, runs in (("disagrees", tally.alarms), ("is in doubt", tally.doubts)):
        for run in runs:
            console.print(f"{word}: {run.command}", soft_wrap=True)
    counts = tally.verdicts
    console.print(f"{tally.checks} random checks in {tally.runs} runs, seed {seed}: {counts['agree']} agree, "
                  f"{counts['disagree']} disagree, {counts['doubt']} are in doubt, {counts['unresolved']} have a "
                  f"witness that cannot tell; {tally.refused} draws were refused by the code")  # fmt: skip
    return WRONG if tally.alarms else DONE


def _run_suite(
    names: list[str],
    dtypes: list[str],
    seed: int,
    console: "Console",
    jobs: int = 1,
    scheduler: str | None = None,
    order: int = 1,
) -> list["Report"]:
    """Run the suite, on a terminal with a line that tells how far it is."""
    from checks.parallel import ClusterError
    from checks.suite import run_suite

    with console.status("checking") as status, _refusing(ClusterError):

        def tell(report: "Report") -> None:
            status.update(f"checked {report.layer} in {report.dtype}")

        return run_suite(names, dtypes, seed, tell, jobs, scheduler, order)


@app.command()
def doctor(
    target: Annotated[
        str,
        typer.Argument(
            metavar="FILE:FUNCTION",
            help="Your backward, as in mine.py:backward, a class with a forward and a backward, a function of a "
            "loss with its gradient, or what PyTorch or JAX differentiates.",
        ),
    ],
    against: Annotated[str | None, typer.Option(metavar="LAYER", help="The layer that it should be.")] = None,
    file: Annotated[Path | None, typer.Option(metavar="FILE", help="The layer, as a text of your own.")] = None,
    forward: Annotated[
        str | None, typer.Option(metavar="NAME", help="Your forward; else the one that the backward's name suggests.")
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--name",
            metavar="YOURS=NAME",
            help="What a parameter of yours is called in the layer, or W.T, or 1-keep; may be given again.",
        ),
    ] = None,
    axes: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=SIZES",
            help="The order in which your code has a tensor's axes, as in X=NCHW or W=.T; may be given again.",
        ),
    ] = None,
    wrt: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Look at this input's cotangent alone; may be given again."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=NUMBER",
            help="What a size or an option of the layer is for your code, as in margin=1; may be given again.",
        ),
    ] = None,
    kinks: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="On a kink, as ReLU's at 0: the slope that is stated with the layer, or any between its sides'.",
        ),
    ] = "stated",
    dtype: Annotated[str, typer.Option(metavar="DTYPE", help="The dtype that it runs in.")] = "float64",
    device: Annotated[str, typer.Option(metavar="NAME", help="cpu, or cuda for code of PyTorch or JAX.")] = "cpu",
    seed: Seed = 0,
) -> None:
    """Check your own backward, and say what is wrong with it.

    The file is run, as Python runs it: name only files that you trust. Of a notebook, net.ipynb:backward, that is run
    which the function needs.

    Exit code 0: it agrees. 1: it disagrees, or stays unresolved. 2: bad usage.
    """
    from checks.adapters.files import FileError, load_implementation
    from checks.gradcheck import gradcheck
    from checks.hush import hushed
    from derivations import LAYERS, DerivationError, derive
    from derivations.catalogue import find
    from derivations.layer_file import read_layer_file

    if (against is None) == (file is None):
        raise RefusalError("name the layer that it should be: either --against LAYER or --file FILE")
    with _refusing(DerivationError):
        layer = find(against, LAYERS) if against is not None else read_layer_file(file or Path())
        derivation = derive(layer, wrt or None)
    told_names = _told("--name", names or [], "YOURS=NAME, such as weights=W")
    told_axes = _told("--axes", axes or [], "NAME=SIZES, such as X=NCHW")
    told_sizes = _settings(settings or [])
    left_out: list[str] = []
    with _refusing(FileError, ValueError):
        made = load_implementation(target, forward, left_out.append)
        with hushed() as noise:
            report = gradcheck(
                made,
                derivation,
                sizes=told_sizes,
                names=told_names,
                axes=told_axes,
                dtype=dtype,
                seed=seed,
                device=device,
                kinks=kinks,
            )
    if report.refusal:
        raise RefusalError(f"{report.implementation} cannot be looked at as {report.layer}: {report.refusal}")
    _console().print(report)
    for line in [*left_out, *([str(noise)] if str(noise) else [])]:
        _console().print(line, style="dim", soft_wrap=True)
    raise typer.Exit(DONE if report.verdict == "agree" else WRONG)


def _settings(pairs: list[str]) -> dict[str, float]:
    expected = "NAME=NUMBER, such as N=5 or margin=0.5"
    settings = {}
    for name, number in _told("--set", pairs, expected).items():
        try:
            settings[name] = float(number)
        except ValueError:
            raise RefusalError(f"--set '{name}={number}' sets nothing: write {expected}") from None
    return settings


def _told(option: str, pairs: list[str], expected: str) -> dict[str, str]:
    told: dict[str, str] = {}
    for pair in pairs:
        left, _, right = pair.partition("=")
        if not left or not right:
            raise RefusalError(f"{option} {pair!r} says nothing: write {expected}")
        if told.setdefault(left, right) != right:
            raise RefusalError(f"{option} says two things of {left!r}: {told[left]} and {right}")
    return told


@app.command()
def mutate(layers: Names = None, seed: Seed = 0, jobs: Jobs = 1, scheduler: Scheduler = None) -> None:
    """Break the hand-written backwards on purpose: would the checks notice?

    Every backward is rewritten in one place at a time, and its checks are run. Survivors are printed with their
    difference. Exit code 0: none survived. 1: some did. 2: bad usage.
    """
    from checks.mutation import killed_share, mutate_rows
    from checks.parallel import ClusterError
    from checks.suite import SUITE, rows
    from derivations import DerivationError
    from derivations.catalogue import find

    checkable = {row.layer: row.layer for row in SUITE}
    with _refusing(DerivationError):
        names = [find(name, checkable) for name in layers or checkable]
    console, outcomes = _console(), []
    with _refusing(ClusterError):
        for row, found in mutate_rows(rows(names), seed, jobs, scheduler):
            outcomes += found
            fates = [outcome.fate for outcome in found]
            console.print(f"{row.layer}: {fates.count('killed')} killed, {fates.count('survived')} survived, "
                          f"{fates.count('equivalent')} equivalent")  # fmt: skip
            for outcome in found:
                if outcome.fate == "survived":
                    console.print(f"  {outcome.mutant.kind} in {outcome.mutant.place}", outcome.mutant.diff, sep="\n")
    survived = sum(outcome.fate == "survived" for outcome in outcomes)
    console.print(f"{killed_share(outcomes):.1%} of the mutants that are not equivalent were noticed")
    raise typer.Exit(WRONG if survived else DONE)


def _price(value: float | None) -> float | None:
    if value is not None and not 0 <= value < math.inf:
        raise typer.BadParameter(f"{value}; expected a number, 0 or more")
    return value


def _left_out(value: float | None) -> float | None:
    if value is not None and not 0 <= value < 1:
        raise typer.BadParameter(f"{value}; expected a share, 0 or more and less than 1")
    return value


def _given(context: typer.Context) -> set[str]:
    """The options that were typed, those too that say what goes without saying."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"}


@app.command()
def train(
    context: typer.Context,
    network: Annotated[str, typer.Option(metavar="NAME", help="One of the networks in the README.")] = "mlp",
    dataset: Annotated[
        str, typer.Option(metavar="NAME", help="mnist, digits, or auto: MNIST where it can be had, else the digits.")
    ] = "auto",
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The folder with MNIST's files; else BACKPROOF_DATA, else downloaded."),
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, metavar="N", help="Left out: what the network needs.")] = None,
    seed: Seed = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where to keep the run. Left out, nothing is written.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Go on with the run in this folder, which was interrupted.")
    ] = None,
    keep_path: Annotated[
        bool, typer.Option("--keep-path", help="Also keep the way of the parameters, for picture surface.")
    ] = False,
    threads: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Left out: 2 for networks large enough to share, else 1.")
    ] = None,
    init: Annotated[
        str | None, typer.Option(metavar="NAME", help="Where weights start: he, xavier, scaled, or nielsen's N(0, 1).")
    ] = None,
    optimizer: Annotated[
        str | None, typer.Option(metavar="NAME", help="sgd, momentum, nesterov, rmsprop, adam or adamw.")
    ] = None,
    rate: Annotated[float | None, typer.Option(metavar="X", help="The full learning rate.")] = None,
    schedule: Annotated[str | None, typer.Option(metavar="NAME", help="constant, step, cosine or one-cycle.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, metavar="N", help="Images a step.")] = None,
    l1: Annotated[
        float | None,
        typer.Option(metavar="X", callback=_price, help="What the absolute values of weights cost."),
    ] = None,
    l2: Annotated[
        float | None, typer.Option(metavar="X", callback=_price, help="What half the squares of weights cost.")
    ] = None,
    dropout: Annotated[
        float | None,
        typer.Option(
            metavar="X", callback=_left_out, help="The share of every hidden layer that is left out in training."
        ),
    ] = None,
    clip: Annotated[float | None, typer.Option(metavar="X", help="The length that no gradient exceeds.")] = None,
    augment: Annotated[
        bool | None, typer.Option("--augment/--no-augment", help="Distort every image afresh, every epoch.")
    ] = None,
    halve_after: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Halve the rate after N epochs that got no better.")
    ] = None,
    patience: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Stop after N epochs that got no better.")
    ] = None,
) -> None:
    """Train a network, once its layers have passed.

    Every layer that it uses is checked first; nothing is trained unless all of them agree (exit code 1). With --out,
    five files are left in that folder: model.safetensors, certificate.json, history.jsonl, summary.json, report.html;
    those of an earlier run are replaced. Until then a checkpoint is written after every epoch, which --resume goes on
    from: to the same weights, bit for bit, that the run would have ended with.

    What is left out of how to train, from --init to --patience, is taken from the network's own recipe.
    """
    from checks.certificate import Certificate, certify, write
    from checks.report import overall
    from checks.suite import DTYPES
    from checks.suite_page import suite_page
    from numeric.architectures import require_network
    from numeric.atomic import require_writable
    from numeric.data.augment import Distortion
    from numeric.data.datasets import load
    from numeric.errors import InputError, TrainingError
    from numeric.progress import ProgressDisplay
    from numeric.recipes import Recipe, altered
    from numeric.resumption import CHECKPOINT, recorded_run
    from numeric.training import recipe_for
    from numeric.training import train as fit

    if keep_path and out is None and resume is None:
        raise RefusalError("--keep-path keeps the way beside the run: say with --out DIR where")
    console = _console()
    certificates: list[Certificate] = []
    changes: dict[str, Any] = {
        "epochs": epochs, "optimizer": optimizer, "rate": rate, "schedule": schedule, "batch": batch, "lam1": l1,
        "lam": l2, "keep": None if dropout is None else 1 - dropout, "clip": clip, "halve_after": halve_after,
        "patience": patience, "distortion": Distortion() if augment else None,
    }  # fmt: skip

    def verify(names: list[str]) -> str | None:
        reports = _run_suite(names, list(DTYPES), seed, console)
        console.print(suite_page(reports))
        certificates.append(certify(reports))
        return certificates[0].digest if overall(reports) == "agree" else None

    with _refusing(InputError):
        recipe: Recipe | None = None
        if resume:
            if _given(context) - {"resume", "data"}:
                raise RefusalError("--resume takes everything but --data from the run; leave the other options out")
            run, out = recorded_run(resume), resume
            network, dataset, seed, recipe = run["network"], run["dataset"], run["seed"], run["recipe"]
            init, threads, keep_path = run["init"], run["threads"], run["keep_path"]
        require_network(network)
        if out:
            require_writable(out)
        loaded = load(dataset, data)
        if recipe is None:
            recipe = altered(recipe_for(network, loaded.name), **changes)
            recipe = replace(recipe, distortion=None) if augment is False else recipe
        console.print(f"data: {loaded.why}\n", soft_wrap=True)
        try:
            with ProgressDisplay(console) as display:
                result = fit(
                    network,
                    loaded,
                    recipe=recipe,
                    seed=seed,
                    out=out,
                    init=init,
                    threads=threads,
                    verify=verify,
                    observers=[display],
                    resume=resume is not None,
                    keep_path=keep_path,
                )
        except KeyboardInterrupt:
            kept = out is not None and (out / CHECKPOINT).is_file()
            raise RefusalError(
                f"interrupted; backproof train --resume {out} goes on after the last whole epoch"
                if kept
                else "interrupted; nothing was kept",
                INTERRUPTED,
            ) from None
        except TrainingError as error:
            passed = not certificates or certificates[0].verdict == "agree"
            raise RefusalError(str(error), REFUSED if passed else WRONG) from None
    if out:
        from numeric.atomic import write_atomically
        from numeric.report.page import render
        from numeric.report.run_report import gather

        with _refusing(OSError):
            write(certificates[0], out / "certificate.json")
            certificate = json.loads((out / "certificate.json").read_text())
            run_report = gather(result.network, result.parameters, loaded, result.history, result.summary, certificate)
            write_atomically(out / "report.html", render(run_report).encode())
    _print_summary(result.summary, out, console)


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model.safetensors that train --out left.")],
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="PNG or JPEG pictures, one digit each.")],
) -> None:
    """Read the digit in each picture: what the network gives each class, as bars.

    A picture of any size will do, dark on light or light on dark; it is centred and scaled as MNIST's were.
    """
    from numeric.data.pictures import read_picture
    from numeric.errors import InputError
    from numeric.model import load_model

    console = _console()
    with _refusing(InputError):
        trained = load_model(model)
        pictures = [read_picture(path, trained.network.features) for path in images]
    for path, picture in zip(images, pictures, strict=True):
        shares = trained.shares(picture.row)[0]
        console.print(f"{path}   {shares.argmax()}", soft_wrap=True)
        for label, share in enumerate(shares):
            bar = "█" * round(share * LONGEST_BAR)
            console.print(f"  {label}  {share:6.1%}  {bar}".rstrip(), soft_wrap=True)
        doubts = [*picture.doubts, *(["no class is likely"] if shares.max() < LIKELY else [])]
        if doubts:
            console.print(f"  unlike a digit: {'; '.join(doubts)}", soft_wrap=True)


@app.command()
def verify(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model.safetensors that train --out left.")],
    images: Annotated[
        list[Path] | None, typer.Argument(metavar="IMAGE...", help="Pictures to feed forward; left out, random ones.")
    ] = None,
    seed: Seed = 0,
) -> None:
    """Check a trained model again: at its own weights and shapes, and whether the code is still the certified code.

    Exit code 0: all is right. 1: something disagrees, stays unresolved, or the code has changed. 2: bad input.
    """
    import numpy as np

    from checks import verification
    from checks.certificate import CertificateError
    from numeric.data.pictures import read_picture
    from numeric.errors import InputError
    from numeric.model import load_model

    with _refusing(InputError, CertificateError):
        trained = load_model(model)
        rows = [read_picture(path, trained.network.features).row for path in images or []]
        certificate = verification.certificate_beside(model)
        found = verification.verify(trained, np.concatenate(rows) if rows else None, certificate=certificate, seed=seed)
    _console().print(found)
    raise typer.Exit(DONE if found.verdict == "agree" else WRONG)


@app.command()
def export(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model.safetensors that train --out left.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The ONNX file; an earlier one of that name is replaced.")],
) -> None:
    """Write a trained network as an ONNX file, for other programs to run.

    It reads X, rows of pixels from 0 to 1, and gives shares, as predict prints them, and label, the likeliest class.
    """
    from numeric.errors import InputError
    from numeric.model import load_model
    from numeric.onnx_export import export as write_onnx

    with _refusing(InputError):
        trained = load_model(model)
        if out.resolve() == model.resolve():
            raise RefusalError(f"{out} is the model itself; choose another name for the ONNX file")
        write_onnx(trained, out)
    shapes = f"X[N, {trained.network.features}] -> shares[N, {trained.network.classes}], label[N]"
    _console().print(f"{out}   {shapes}", soft_wrap=True)


@app.command()
def bench(
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The folder with MNIST's files; else BACKPROOF_DATA, else downloaded."),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, metavar="N", help="How often everybody takes a turn.")] = 7,
) -> None:
    """Time training on MNIST side by side with PyTorch and with the loop of Nielsen's book.

    Each trains in a process of its own, an epoch in turn; what counts is the median of the ratios of a round, each side
    by the number of threads (and PyTorch by the layout of images) that suits it best. Nothing else should run.
    """
    from numeric.architectures import build
    from numeric.bench.rounds import COMPARISONS, bytes_needed, run
    from numeric.bench.table import memory, table
    from numeric.data.datasets import load
    from numeric.errors import InputError

    console = _console()
    with _refusing(InputError), console.status("loading") as status:
        needed = bytes_needed(load("mnist", data), build("mlp", 784, 10).size)
        for comparison in COMPARISONS:
            outcome = run(comparison, rounds, data, status.update)
            console.print(table(outcome))  # at once: the rest takes minutes, and may be interrupted
            if comparison.task == "mlp":
                console.print(memory(outcome, needed))


@app.command()
def practice(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="SKILL", help="Skills or topics; see --list. Left out, what is due, then what is next."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="What the problems are made from; else it is drawn.")
    ] = None,
    difficulty: Annotated[
        int | None, typer.Option(min=1, max=3, metavar="N", help="1, 2 or 3; else it follows your level.")
    ] = None,
    count: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="How many problems; else until you quit.")
    ] = None,
    test: Annotated[
        bool, typer.Option("--test", help="A mixed test, which decides mastery: no hints, one answer each.")
    ] = False,
    status: Annotated[bool, typer.Option("--status", help="Draw the map of skills with your levels.")] = False,
    listing: Annotated[bool, typer.Option("--list", help="List the topics and skills.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Explain a skill in plain words, and see what your text never touches.")
    ] = False,
    export: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write your progress, for a teacher: a .json or a .csv.")
    ] = None,
    progress: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where progress is kept; else BACKPROOF_PROGRESS, else your data folder."),
    ] = None,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Keep nothing.")] = False,
) -> None:
    """Practise derivatives by hand, up to backpropagation: every answer is proved right, or refuted.

    On a terminal, ? gives a hint. Through a pipe, every line of standard input answers one problem, and every answer
    gives one line that begins with right, wrong, unreadable or undecided.

    Exit code 0: every answer was right. 1: one was not. 2: bad usage.
    """
    from derivations import DerivationError
    from derivations.practice import PracticeError

    ways = {"--test": test, "--status": status, "--list": listing, "--explain": explain, "--export": export is not None}
    chosen = [way for way, given in ways.items() if given]
    if len(chosen) > 1:
        raise RefusalError(f"{' and '.join(chosen)} are different things: give one of them")
    if chosen not in ([], ["--test"]) and (seed, difficulty, count) != (None, None, None):
        raise RefusalError(f"{chosen[0]} poses no problems: leave out --seed, --difficulty and --count")
    if no_progress and (progress or status or export):
        raise RefusalError("--no-progress keeps nothing: leave out --progress, --status and --export")
    with _refusing(PracticeError, DerivationError):
        if not chosen or test:
            file = None if no_progress else progress or _progress_file()
            raise typer.Exit(_practise(names or [], seed, difficulty, count, test, file))
        if export is not None:
            _export_progress(export, names or [], progress or _progress_file())
        elif explain:
            _explain(names or [])
        else:
            _print_skills(names or [], None if listing else progress or _progress_file())


def _stdin() -> TextIO:
    if sys.stdin is None:  # as with `<&-` in a shell
        raise RefusalError("there is no standard input to read answers from; leave it open")
    return sys.stdin


def _progress_file() -> Path:
    from derivations.practice.command import progress_file

    return progress_file()


def _practise(
    names: list[str], seed: int | None, difficulty: int | None, count: int | None, test: bool, file: Path | None
) -> int:
    from time import time

    from derivations.practice import skills
    from derivations.practice.command import Wish, run_session

    try:
        right = run_session(Wish(names, seed, difficulty, count, test), skills(), file, _stdin(), sys.stdout, time)
    except KeyboardInterrupt:
        kept = "nothing was kept" if file is None else "every answer was kept"
        raise RefusalError(f"interrupted; {kept}", INTERRUPTED) from None
    return DONE if right else WRONG


def _print_skills(names: list[str], file: Path | None) -> None:
    """Print the map with the levels reached, or without a file of progress the list of names."""
    from time import time

    from derivations.practice import skills
    from derivations.practice.command import map_lines
    from derivations.practice.skill import select
    from derivations.practice.status_map import skill_list

    if file is None:
        print(*skill_list(select(names, skills()), _width()), sep="\n")
    else:
        print(*map_lines(names, skills(), file, time(), _width()), sep="\n")


def _explain(names: list[str]) -> None:
    from derivations.practice import skills
    from derivations.practice.command import explained, explanation_of

    ours = explanation_of(names, skills())
    print(ours.beside(explained(ours.title, _stdin(), sys.stdout), _width()))


def _export_progress(path: Path, names: list[str], file: Path) -> None:
    from derivations.practice import skills
    from derivations.practice.command import exported

    files = exported(path, names, skills(), file)
    for place in files:
        if place.resolve() == file.resolve():
            raise RefusalError(f"{place} is the file of progress itself; choose another name")
        _require_place_for(place)
    for place, text in files.items():
        _write(place, text)
        print(place)


pictures = typer.Typer(help="Draw what people would rather look at: one file each, which needs no network.")
app.add_typer(pictures, name="picture")

Layer = Annotated[str, typer.Argument(metavar="LAYER", help="The name of a layer; see derive --list.")]
ModelFile = Annotated[Path, typer.Argument(metavar="MODEL", help="A model.safetensors that train --out left.")]
Wrt = Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only this input's cotangent; may be given again.")]
Values = Annotated[bool, typer.Option("--values", help="Also show the numbers of a small random example.")]
To = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Left out, a name in this folder.")]
Data = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="The folder with MNIST's four files.")]


@pictures.command("graph")
def picture_graph(layer: Layer, wrt: Wrt = None, values: Values = False, seed: Seed = 0, out: To = None) -> None:
    """Draw a layer's computation graph, values flowing forward and cotangents back."""
    from derivations import DerivationError
    from derivations.pictures.graph import layer_graph

    with _refusing(DerivationError):
        _keep(out or Path(f"{layer}-graph.svg"), lambda: layer_graph(layer, wrt or None, values=values, seed=seed))


@pictures.command("tree")
def picture_tree(layer: Layer, wrt: Wrt = None, out: To = None) -> None:
    """Draw the chain rule as a tree: a branch for every way from a layer's output to an input."""
    from derivations import DerivationError
    from derivations.pictures.tree import chain_tree

    with _refusing(DerivationError):
        _keep(out or Path(f"{layer}-tree.svg"), lambda: chain_tree(layer, wrt or None))


@pictures.command("network")
def picture_network(
    network: Annotated[str, typer.Argument(metavar="NETWORK", help="A network that can be trained, such as mlp.")],
    values: Values = False,
    seed: Seed = 0,
    out: To = None,
) -> None:
    """Draw the computation graph of a whole network, from image to loss and back."""
    from derivations import LAYERS, DerivationError
    from derivations.pictures.graph import layer_graph
    from derivations.sequential import sequential
    from numeric.architectures import build
    from numeric.errors import InputError

    with _refusing(DerivationError, InputError):
        built = build(network, features=784, classes=10)
        names = [stage.name for stage in (*built.stages, built.loss)]
        chain = sequential(network, names, LAYERS)
        _keep(out or Path(f"{network}-graph.svg"), lambda: layer_graph(chain, values=values, seed=seed))


@pictures.command("surface")
def picture_surface(
    run: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that train --out left.")],
    data: Data = None,
    seed: Seed = 0,
    out: To = None,
) -> None:
    """Draw the loss around a trained network, along two directions, with the path that training took.

    Where the run kept its path (train --keep-path), along the directions in which that moved the most; else along
    random ones, which --seed draws.
    """
    from numeric.errors import InputError
    from numeric.pictures.surface_page import surface_of_run

    with _refusing(InputError):
        _keep(out or run / "surface.html", lambda: surface_of_run(run, data, seed))


@pictures.command("wiggle")
def picture_wiggle(
    model: ModelFile,
    weight: Annotated[
        str | None, typer.Option(metavar="W1[3,5]", help="Left out, one on which the loss depends the most.")
    ] = None,
    example: Annotated[int, typer.Option(min=0, metavar="N", help="Which of the test images it reads.")] = 0,
    data: Data = None,
    out: To = None,
) -> None:
    """Nudge one weight with a slider, and watch z, a and C move, against what their derivatives predict."""
    from numeric.errors import InputError
    from numeric.model import dataset_of, load_model
    from numeric.pictures.wiggle_page import wiggle_page

    def draw() -> str:
        trained = load_model(model)
        dataset = dataset_of(trained, data)
        if example >= len(dataset.test_images):
            raise InputError(f"no test image {example}: {dataset.name} has {len(dataset.test_images)}, from 0 on")
        row, label = dataset.test_images[example : example + 1], int(dataset.test_labels[example])
        return wiggle_page(trained, row, label, weight)

    with _refusing(InputError):
        _keep(out or Path("wiggle.html"), draw)


@pictures.command("weights")
def picture_weights(model: ModelFile, out: To = None) -> None:
    """Draw what each unit of a trained network's first layer looks for."""
    from numeric.errors import InputError
    from numeric.model import load_model
    from numeric.pictures.weights import weights_page

    with _refusing(InputError):
        _keep(out or Path("weights.html"), lambda: weights_page(load_model(model)))


@pictures.command("digit")
def picture_digit(
    model: ModelFile,
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="A PNG or JPEG picture of one digit.")],
    label: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="What it is. Left out, what the network reads.")
    ] = None,
    out: To = None,
) -> None:
    """Show a digit's way through a trained network, and the cotangents' way back, as an animation."""
    from numeric.data.pictures import read_picture
    from numeric.errors import InputError
    from numeric.model import load_model
    from numeric.pictures.digit import digit_page

    def draw() -> str:
        trained = load_model(model)
        return digit_page(trained, read_picture(image, trained.network.features).row, label)

    with _refusing(InputError):
        _keep(out or Path("digit.html"), draw)


@app.command()
def book(
    layers: Names = None,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="The folder of the site; a book that lies there is replaced.")
    ] = Path("book"),
    tex: Annotated[bool, typer.Option("--tex", help="Also book.tex, and book.pdf where LaTeX is installed.")] = False,
    seed: Seed = 0,
    jobs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="How many processes share the work; left out, one a core.")
    ] = None,
) -> None:
    """Write the book: a site that opens from disk, and needs no network.

    It has a page for every layer, or for those that are named, and chapters that tie them together. The hand-written
    layers are checked on the way, and their pages say what the checks measured.
    """
    from functools import partial

    from joblib import cpu_count

    from checks.handwritten import computed, source_of
    from checks.parallel import shared
    from checks.tally import measured
    from derivations import DerivationError
    from derivations.book import EXAMPLES, carried, require_place, write_book

    console, told = _console(), list[str]()
    with _refusing(DerivationError), console.status("writing the book") as status:
        require_place(out)  # before any work is done
        by_code = {example.name: carried(example, computed) for example in EXAMPLES}

        def tell(page: str) -> None:
            told.append(page)
            status.update(f"page {len(told)}: {page}")

        write_book(
            out,
            layers or None,
            measured=partial(measured, seed=seed),
            sources=source_of,
            by_code=by_code,
            latex=tex,
            share=partial(shared, jobs=jobs or cpu_count()),
            tell=tell,
        )
    if tex:
        console.print(told.pop(), soft_wrap=True)
    console.print(f"{len(told) + 1} pages; open {out / 'index.html'} in a browser", soft_wrap=True)


def _keep(path: Path, draw: Callable[[], str]) -> None:
    """Write what `draw` makes, refusing first a place that could not be written; say where it is."""
    _require_place_for(path)
    _write(path, draw())
    print(path)


def _print_summary(summary: dict[str, Any], out: Path | None, console: "Console") -> None:
    console.print(f"\ntest accuracy {summary['test_accuracy']:.2%}, after {summary['train_seconds']:.1f} s of training")
    if out is None:
        console.print("nothing was kept; with --out DIR the same command keeps this very model")
        return
    console.print(f"in {out}:", soft_wrap=True)
    for name, what in (
        ("model.safetensors", "the parameters"),
        ("certificate.json", "what was checked, of which code, by which versions"),
        ("history.jsonl", "a line for every epoch"),
        ("summary.json", "the result"),
        ("report.html", "curves, mistakes and weights, to look at in a browser"),
    ):
        console.print(f"  {name:<17}  {what}", soft_wrap=True)


def _console() -> "Console":
    from rich.console import Console

    return Console(highlight=False, markup=False)


def _require_place_for(path: Path) -> None:
    """Refuse, before any work is done, a file that could not be written."""
    from numeric.atomic import require_writable
    from numeric.errors import InputError

    if path.exists() and not path.is_file():  # renaming over a device would replace it
        raise RefusalError(f"cannot write {path}: it is there, and no regular file; choose another name")
    with _refusing(InputError):
        require_writable(path.parent)


def _write(path: Path, text: str) -> None:
    from numeric.atomic import write_atomically

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text.encode())
    except OSError as error:
        raise RefusalError(f"cannot write {path}: {error.strerror}; choose another place") from None


_SPELLINGS = {"Σ": "sum", "δ": "delta", "∂": "d", "·": "*", "⊙": "o", "ᵀ": "^T", "√": "sqrt", "→": "->", "…": "..."}
_SPELLINGS |= {"✓": "ok", "✗": "wrong", "²": "^2", "⁻": "^-", "σ": "sigma", "λ": "lambda", "≤": "<=", "≥": ">="}


def _spell(error: UnicodeError) -> tuple[str, int]:
    """Spell what the terminal's encoding has no letter for."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_SPELLINGS.get(letter, "?") for letter in error.object[error.start : error.end]), error.end


codecs.register_error("spell", _spell)

if __name__ == "__main__":
    main()
