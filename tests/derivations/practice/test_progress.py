"""Progress outlives kills, other sessions, full disks and damaged files."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivations.practice.mastery import Attempt
from derivations.practice.progress import (
    LONGEST_ANSWER,
    MOST_HINTS,
    ProgressError,
    open_progress,
    progress_path,
    read_attempts,
)

ROOT = Path(__file__).parents[3]
WRITER = """
import sys
from pathlib import Path
from derivations.practice.mastery import Attempt
from derivations.practice.progress import ProgressError, open_progress
path, name, count, limit = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
if limit:
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    with open_progress(path) as progress:
        for k in range(count):
            progress.add(Attempt(name, f"{name}:{k}:1", "practice", "right", 0, float(k), "x" * 2000))
            print(k, flush=True)
except ProgressError as error:
    sys.exit(str(error))
"""


def writing(path, name, count=100_000, limit=0):
    command = [sys.executable, "-c", WRITER, str(path), name, str(count), str(limit)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def attempt(k=0, answer="", **changes):
    values = {"skill": "powers", "problem": f"powers:{k}:1", "kind": "practice", "result": "right", "hints": 0}
    return Attempt(**(values | {"moment": float(k), "answer": answer} | changes))


def test_what_is_added_is_read_back(tmp_path):
    path = tmp_path / "deep" / "progress.sqlite3"
    made = [attempt(1), attempt(2, "= 2*x\n= x", kind="test", result="wrong", hints=3), attempt(3, result="undecided")]
    with open_progress(path) as progress:
        for one in made:
            progress.add(one)
        assert progress.attempts() == made
    assert read_attempts(path) == made
    with open_progress(path) as progress:
        assert progress.attempts() == made


def test_where_there_is_no_file_none_is_made(tmp_path):
    path = tmp_path / "progress.sqlite3"
    assert read_attempts(path) == []
    assert not path.exists()


def test_any_answer_can_be_kept(tmp_path):
    with open_progress(tmp_path / "p") as progress:

        @given(st.text(max_size=40), st.integers(0, 10**9))
        def run(answer, hints):
            progress.add(attempt(1, answer + "\udcff" + "x" * LONGEST_ANSWER, hints=hints))
            kept = progress.attempts()[-1]
            assert kept.answer == (answer + "?" + "x" * LONGEST_ANSWER)[:LONGEST_ANSWER]
            assert kept.hints == min(hints, MOST_HINTS)

        run()


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in range(1, 20))])
def test_a_kill_at_any_moment_loses_nothing_that_was_acknowledged(tmp_path, seed):
    path = tmp_path / "progress.sqlite3"
    rng = np.random.default_rng(seed)
    told = 0
    for run in range(3):
        with writing(path, f"run{run}") as process:
            for _ in range(int(rng.integers(0, 20))):
                process.stdout.readline()
                told += 1
            time.sleep(float(rng.uniform(0, 0.02)))
            process.send_signal(signal.SIGKILL)
            told += len(process.stdout.readlines())
        assert process.returncode == -signal.SIGKILL
        kept = read_attempts(path)
        assert told <= len(kept) <= told + run + 1  # each run may have kept one that it had no time to tell
        for name in {one.skill for one in kept}:
            numbers = [int(one.moment) for one in kept if one.skill == name]
            assert numbers == list(range(len(numbers)))
    check = sqlite3.connect(path)
    assert check.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert check.execute("PRAGMA foreign_key_check").fetchall() == []
    check.close()


def test_two_sessions_at_once_lose_nothing(tmp_path):
    path = tmp_path / "progress.sqlite3"
    both = [writing(path, name, 25) for name in ("left", "right")]
    for process in both:
        _, err = process.communicate(timeout=120)
        assert (process.returncode, err) == (0, "")
    kept = read_attempts(path)
    for name in ("left", "right"):
        assert [one.moment for one in kept if one.skill == name] == list(range(25))


def test_a_full_disk_is_one_line_and_what_was_kept_stays(tmp_path):
    path = tmp_path / "progress.sqlite3"
    with writing(path, "small", 5) as process:
        process.communicate()
    process = writing(path, "large", 100_000, limit=60_000)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert err.startswith(f"cannot keep progress in {path}: ")
    assert err.count("\n") == 1
    told = len(out.splitlines())
    assert told > 10
    kept = read_attempts(path)
    assert len([one for one in kept if one.skill == "large"]) == told
    assert len([one for one in kept if one.skill == "small"]) == 5


def damaged(path):
    with open_progress(path) as progress:
        for k in range(20):
            progress.add(attempt(k, "x" * 4000))
    content = bytearray(path.read_bytes())
    content[5000:30000] = b"\xa5" * 25000
    path.write_bytes(content)


def foreign(path):
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE precious (thing)")
    other.commit()
    other.close()


def newer(path):
    with open_progress(path):
        pass
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 7")
    other.close()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (damaged, "is damaged; nothing was changed"),
        (foreign, "is no file of progress"),
        (newer, "is of version 7, and this backproof knows version 1"),
        (lambda path: path.write_text("my diary\n" * 50), "is no file of progress"),
        (lambda path: path.write_bytes(b"SQLite format 3\0"), "is no file of progress"),
        (lambda path: path.mkdir(), "it is no regular file"),
        (os.mkfifo, "it is no regular file"),
    ],
    ids=["damaged", "foreign", "newer", "text", "cut off", "folder", "pipe"],
)
def test_a_file_that_is_not_ours_to_write_is_one_line_and_left_alone(tmp_path, spoil, said):
    path = tmp_path / "progress.sqlite3"
    spoil(path)
    before = path.read_bytes() if path.is_file() else None
    for use in (read_attempts, lambda path: open_progress(path).__enter__()):
        with pytest.raises(ProgressError) as refusal:
            use(path)
        assert said in str(refusal.value)
        assert "\n" not in str(refusal.value)
    assert (path.read_bytes() if path.is_file() else None) == before
    assert [other.name for other in tmp_path.iterdir()] == [path.name]


def test_an_empty_file_is_a_new_one(tmp_path):
    path = tmp_path / "progress.sqlite3"
    path.touch()
    assert read_attempts(path) == []
    with open_progress(path) as progress:
        progress.add(attempt())
    assert len(read_attempts(path)) == 1


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ProgressError, match="Not a directory"), open_progress(tmp_path / "file" / "progress.sqlite3"):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_read_only_folder_is_noticed_before_a_question_is_asked(tmp_path):
    path = tmp_path / "progress.sqlite3"
    with open_progress(path) as progress:
        progress.add(attempt())
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ProgressError, match="cannot keep progress"), open_progress(path):
            pass
        assert len(read_attempts(path)) == 1
    finally:
        tmp_path.chmod(0o700)


def test_that_it_cannot_be_written_is_noticed_before_a_question_is_asked(tmp_path):
    path = tmp_path / "progress.sqlite3"
    with open_progress(path) as progress:
        progress.add(attempt())
    process = writing(path, "any", 1, limit=100)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, process.stdout.closed) == (1, True)
    assert err.startswith("cannot keep progress in ")
    assert len(read_attempts(path)) == 1


def test_a_row_that_breaks_the_rules_is_a_bug_and_changes_nothing(tmp_path):
    with open_progress(tmp_path / "p") as progress:
        with pytest.raises(sqlite3.IntegrityError):
            progress.add(attempt(skill=""))
        progress.add(attempt())
        assert len(progress.attempts()) == 1


HOME = PurePosixPath("/home/ada")


@pytest.mark.parametrize(
    ("environment", "platform", "home", "path"),
    [
        ({}, "linux", HOME, "/home/ada/.local/share/backproof/progress.sqlite3"),
        ({"XDG_DATA_HOME": "/data"}, "linux", HOME, "/data/backproof/progress.sqlite3"),
        ({"XDG_DATA_HOME": "data"}, "linux", HOME, "/home/ada/.local/share/backproof/progress.sqlite3"),
        ({}, "darwin", HOME, "/home/ada/Library/Application Support/backproof/progress.sqlite3"),
        ({"BACKPROOF_PROGRESS": "my.db", "XDG_DATA_HOME": "/data"}, "linux", HOME, "my.db"),
        ({"LOCALAPPDATA": "C:\\L"}, "win32", PureWindowsPath("C:\\U"), "C:/L/backproof/progress.sqlite3"),
        ({}, "win32", PureWindowsPath("C:\\U"), "C:/U/AppData/Local/backproof/progress.sqlite3"),
    ],
)
def test_where_it_is_kept(environment, platform, home, path):
    assert progress_path(environment, platform, home).as_posix() == path
