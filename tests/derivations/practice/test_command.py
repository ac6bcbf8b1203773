"""Practice as a learner meets it: through a pipe, in a terminal of any kind, with Ctrl-C; and a teacher's files."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time
from contextlib import ExitStack, suppress
from functools import partial
from io import StringIO
from pathlib import Path

import pytest

from derivations.practice.command import (
    LONGEST_TEXT,
    Wish,
    explained,
    explanation_of,
    exported,
    map_lines,
    run_session,
)
from derivations.practice.mastery import Attempt
from derivations.practice.progress import open_progress, read_attempts
from derivations.practice.skill import PracticeError, select
from tests.derivations.practice.little_map import SKILLS, answer_to

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "tests.derivations.practice.little_map"]


def piped(lines, file=None, seed=34, test=False, names=()):
    """Whether all was right, and what was printed, line by line."""
    page = StringIO()
    given = StringIO("".join(f"{line}\n" for line in lines))
    right = run_session(Wish(names, seed, test=test), SKILLS, file, given, page, lambda: 1e9)
    return right, page.getvalue().splitlines()


# Through a pipe


def test_a_line_for_every_problem_and_a_verdict_for_every_answer():
    right, out = piped(["6*x**5", "3*x**2", "4*x^", "?", "dy/dx = 6*x**5;", "= 6*x**5", "", "exit"])
    assert not right
    starts = [
        "1 powers:34:1 y = x**6. What is dy/dx?",
        "right: ",
        "2 powers:36:1 y = x**4. What is dy/dx?",  # the seed 35 gives x**6 once more
        "wrong: ",
        "3 powers:37:1 y = x**2. What is dy/dx?",
        "unreadable: column 4: ",
        "4 powers:38:1 y = x**6. What is dy/dx?",
        "hint 1 of 3: the power rule",
        "right: ",
        "5 powers:39:1 y = x**5. What is dy/dx?",
        "skipped",
        "6 powers:",
        "4 answers: 2 right, 1 wrong, 1 unreadable",
    ]
    assert [line[: len(start)] for line, start in zip(out, starts, strict=True)] == starts


@pytest.mark.parametrize(
    ("lines", "all_right"),
    [(["6*x**5"], True), (["5*x**6"], False), (["6*x^"], False), ([], True), (["skip"], True), (["show"], False)],
)
def test_it_is_told_whether_all_was_right(lines, all_right):
    assert piped(lines)[0] == all_right


def test_bytes_that_are_no_text_are_unreadable():
    given = b"6*x**\xff\n"
    done = subprocess.run([*COMMAND, "-", "34", "practice"], cwd=ROOT, input=given, capture_output=True, check=False)
    assert done.stdout.decode().splitlines()[1].startswith("unreadable: column 6: ")
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_megabyte_is_unreadable_at_once_and_the_next_line_is_read():
    _, out = piped(["1+" * 1_000_000, "4*x**3"])
    assert [line.partition(":")[0] for line in (out[1], out[3])] == ["unreadable", "right"]


def test_progress_is_kept_between_sessions(tmp_path):
    file = tmp_path / "progress.sqlite3"
    assert piped(["6*x**5", "4*x**3"], file)[0]
    assert [(one.problem, one.result, one.answer) for one in read_attempts(file)] == [
        ("powers:34:1", "right", "6*x**5"),
        ("powers:36:1", "right", "4*x**3"),
    ]
    _, out = piped(["3*x**2", "16*x**15"], file, seed=36)
    assert [line[:13] for line in out[::2][:2]] == ["1 powers:36:2", "2 powers:37:3"]
    assert "[### ] Powers" in "\n".join(map_lines([], SKILLS, file, 1e9, 80))


def test_a_test_asks_what_was_named(tmp_path):
    _, out = piped(["skip"] * 3, tmp_path / "p", test=True, names=["powers", "chain rule", "linear"])
    assert sorted(line.split()[1].partition(":")[0] for line in out[::2][:3]) == ["linear", "nested", "powers"]
    assert {one.result for one in read_attempts(tmp_path / "p")} == {"skipped"}
    assert {one.kind for one in read_attempts(tmp_path / "p")} == {"test"}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["power"], "there is no skill or topic 'power'; did you mean powers"),
        (["!"], "backproof practice --list tells"),
    ],
)
def test_an_unknown_name_is_refused(names, said):
    with pytest.raises(PracticeError, match=said):
        piped([], names=names)


def test_what_cannot_be_kept_is_said_before_the_first_problem(tmp_path):
    (tmp_path / "p").write_text("something else")
    page = StringIO()
    with pytest.raises(PracticeError, match="is no file of progress"):
        run_session(Wish([], 34), SKILLS, tmp_path / "p", StringIO("1\n"), page, lambda: 1e9)
    assert page.getvalue() == ""


def test_a_reader_that_stops_listening_is_no_disaster(tmp_path):
    nobody_reads, pipe = os.pipe()
    os.close(nobody_reads)
    command = [*COMMAND, str(tmp_path / "p"), "34", "practice"]
    subprocess.run(command, cwd=ROOT, input=b"6*x**5\n", stdout=pipe, stderr=subprocess.PIPE, check=False)
    os.close(pipe)
    assert len(read_attempts(tmp_path / "p")) <= 1


# In a terminal


class Terminal:
    """The little map's practice in a terminal of its own."""

    def __init__(self, *arguments, columns=80, **environment):
        self.ours, theirs = pty.openpty()
        termios.tcsetwinsize(self.ours, (40, columns))
        surroundings = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR")}
        surroundings |= {"TERM": "xterm-256color"} | environment
        heeds_ctrl_c = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # also where these tests do not
        own = {"cwd": ROOT, "env": surroundings, "start_new_session": True, "preexec_fn": heeds_ctrl_c}
        self.process = subprocess.Popen([*COMMAND, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, **own)
        os.close(theirs)
        self.text = ""

    def until(self, sign):
        """Read until the sign has come; what came since the last time."""
        start = len(self.text)
        while sign not in self.plain(start):
            try:
                chunk = os.read(self.ours, 4096)
            except OSError:  # how Linux tells that the other end of a terminal is closed
                chunk = b""
            assert chunk, f"{sign!r} never came, but {self.text[start:]!r}"
            self.text += chunk.decode(errors="replace")
        return self.plain(start)

    def plain(self, start=0):
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.text[start:]).replace("\r\n", "\n")

    def type(self, line):
        os.write(self.ours, f"{line}\n".encode())

    def interrupt(self):
        """Ctrl-C, once more where nothing came of it: between a prompt and its reading of a line, Python forgets it."""
        time.sleep(0.3)  # until it reads the line: asking again takes ten seconds
        for _ in range(5):
            os.killpg(self.process.pid, signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=10)
                break

    def end(self):
        return self.process.wait(timeout=60)

    def close(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.ours)


@pytest.fixture
def sit_down():
    """sit_down(arguments) -> a terminal, which is closed at the end of the test, whatever comes of it."""
    with ExitStack() as stack:

        def open_terminal(*arguments, **options):
            terminal = Terminal(*arguments, **options)
            stack.callback(terminal.close)
            return terminal

        yield open_terminal


@pytest.mark.parametrize(
    ("columns", "surroundings"),
    [
        (40, {}),
        (80, {"NO_COLOR": "1"}),
        (40, {"TERM": "dumb"}),
        (80, {"PYTHONIOENCODING": "ascii:replace"}),
        (200, {}),
    ],
    ids=["narrow", "no colour", "dumb", "no Unicode", "wide"],
)
def test_a_session_in_a_terminal(sit_down, columns, surroundings):
    terminal = sit_down("-", "34", "practice", "powers", columns=columns, **surroundings)
    page = terminal.until("\n> ")
    terminal.type("6*x^")
    page += (seen := terminal.until("\n> "))
    caret = seen.splitlines()[1]
    assert (caret.index("^"), seen.splitlines()[0].endswith("6*x^")) == (len("> 6*x"), True)
    assert "unreadable: column 4" in seen
    terminal.type("6*x**6")
    page += (seen := terminal.until("\n> "))
    assert "wrong: " in seen
    assert "not started" in seen
    terminal.type("?")
    page += terminal.until("\n> ")
    terminal.type("?")
    page += (seen := terminal.until("\n> "))
    assert "\n    the exponent comes down,\n      and is one less\n" in seen
    terminal.type("6*x**5")
    page += (seen := terminal.until("\n> "))
    assert "right: " in seen
    assert "powers:36:1" in seen
    terminal.type("quit")
    page += (seen := terminal.until("attempted\n"))
    assert "1 answer: 1 wrong" in seen
    assert terminal.end() == 1
    assert max(map(len, page.splitlines())) <= columns
    colours = re.findall(r"\x1b\[[0-9;]*3\dm", terminal.text)
    assert bool(colours) == ("NO_COLOR" not in surroundings and "TERM" not in surroundings)


def test_several_lines_and_the_end_of_input(sit_down):
    terminal = sit_down("-", "34", "practice", "powers")
    terminal.until("\n> ")
    terminal.type("u = x**5;")
    terminal.until("\n| ")
    terminal.type("dy/dx = 6*u;")
    terminal.until("\n| ")
    terminal.type("= 6*x**5")
    assert "right: " in terminal.until("\n> ")
    os.write(terminal.ours, b"\x04")
    terminal.until("1 answer: 1 right")
    assert terminal.end() == 0


def test_ctrl_c_keeps_what_was_answered(sit_down, tmp_path):
    terminal = sit_down(str(tmp_path / "p"), "34", "practice", "powers")
    terminal.until("\n> ")
    terminal.type("6*x**5")
    terminal.until("\n> ")
    terminal.interrupt()
    assert terminal.end() == 130
    assert [one.result for one in read_attempts(tmp_path / "p")] == ["right"]


def test_the_end_of_a_session_advises_a_mixed_test(sit_down, tmp_path):
    terminal = sit_down(str(tmp_path / "p"), "34", "practice", "powers")
    for _ in range(4):
        prompt = terminal.until("\n> ")
        terminal.type(answer_to(prompt[prompt.index("y = ") :]))
    terminal.until("\n> ")
    terminal.type("quit")
    terminal.until("1 skill is proficient; a mixed test decides mastery: backproof practice --test")
    assert terminal.end() == 0


def test_an_explanation_through_a_pipe_is_all_of_it():
    page = StringIO()
    assert explained("One neuron", StringIO("a sum,\n\nthen a squash\n"), page) == "a sum,\n\nthen a squash\n"
    assert page.getvalue() == ""
    assert len(explained("One neuron", StringIO("word\n" * 1_000_000), page)) == LONGEST_TEXT


@pytest.mark.parametrize(
    ("names", "subject"),
    [([], "network"), (["attention"], "attention"), (["linear"], "linear"), (["chain rule"], "network")],
)
def test_what_is_explained_follows_from_a_name(names, subject):
    assert explanation_of(names, SKILLS).subject == subject


@pytest.mark.parametrize("names", [["powers", "linear"], ["no such thing"]])
def test_what_cannot_be_explained_is_refused(names):
    with pytest.raises(PracticeError):
        explanation_of(names, SKILLS)


# A teacher's files


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "progress.sqlite3"
    with open_progress(path) as progress:
        progress.add(Attempt("powers", "powers:3:1", "practice", "wrong", 1, 86400.0, "= 2*x,\n= 'x'"))
        progress.add(Attempt("retired", "retired:3:1", "test", "right", 0, 86401.0, "X.T @ dY"))
    return path


def test_a_file_of_json(file, tmp_path):
    (text,) = exported(tmp_path / "ada.json", [], SKILLS, file).values()
    found = json.loads(text)
    assert [row["skill"] for row in found["skills"]] == ["powers", "nested", "linear", "retired"]
    assert found["skills"][0] == {
        "skill": "powers", "title": "Powers", "topic": "derivatives", "level": "attempted", "attempts": 1, "right": 0,
        "last": "1970-01-02T00:00:00+00:00", "due": "1970-01-03T00:00:00+00:00",
    }  # fmt: skip
    assert found["attempts"][0]["answer"] == "= 2*x,\n= 'x'"


def test_files_are_of_what_was_named(file, tmp_path):
    (text,) = exported(tmp_path / "ada.json", ["powers"], SKILLS, file).values()
    found = json.loads(text)
    assert [row["skill"] for row in (*found["skills"], *found["attempts"])] == ["powers", "powers"]


def test_another_kind_of_file_is_refused(file, tmp_path):
    with pytest.raises(PracticeError, match=r"expected a name that ends in \.json or \.csv"):
        exported(tmp_path / "ada.xlsx", [], SKILLS, file)


def test_names_of_topics_stand_for_their_skills():
    assert list(select(["chain rule", "powers"], SKILLS)) == ["nested", "powers"]
    assert select([], SKILLS) == SKILLS
