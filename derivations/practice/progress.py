"""What a learner has done, kept in one SQLite file: a row for every attempt, from which all levels follow.

A row is written in a transaction of its own and is on the disk before the learner sees the verdict: a process that is
killed loses nothing that was told, and of two sessions at once each waits for the other. SQLite's rollback journal does
that with locks alone, and on a network's home folder as well, where its write-ahead log cannot work
(sqlite.org/wal.html, section 1).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import NoReturn

from derivations.practice.mastery import Attempt
from derivations.practice.skill import PracticeError

VARIABLE = "BACKPROOF_PROGRESS"
FILE = "progress.sqlite3"
APPLICATION = 0x42507266  # "BPrf", in the header of the file: it is ours
VERSION = 1  # of the schema
PATIENCE = 15.0  # seconds to wait for another session
LONGEST_NAME, LONGEST_ANSWER, MOST_HINTS = 200, 5000, 1000
HEADER, MAGIC, APPLICATION_AT = 100, b"SQLite format 3\0", 68  # bytes, sqlite.org/fileformat2.html, section 1.3

SCHEMA = f"""
CREATE TABLE sessions (
    number   INTEGER PRIMARY KEY,
    kind     TEXT NOT NULL CHECK (kind IN ('practice', 'test'))
);
CREATE TABLE attempts (
    number   INTEGER PRIMARY KEY,
    session  INTEGER NOT NULL REFERENCES sessions (number),
    moment   REAL NOT NULL CHECK (moment >= 0),
    skill    TEXT NOT NULL CHECK (length(skill) BETWEEN 1 AND {LONGEST_NAME}),
    problem  TEXT NOT NULL CHECK (length(problem) BETWEEN 1 AND {LONGEST_NAME}),
    result   TEXT NOT NULL CHECK (result IN ('right', 'wrong', 'undecided', 'shown', 'skipped')),
    hints    INTEGER NOT NULL CHECK (hints BETWEEN 0 AND {MOST_HINTS}),
    answer   TEXT NOT NULL CHECK (length(answer) <= {LONGEST_ANSWER})
);
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
"""
READ = """
SELECT skill, problem, kind, result, hints, moment, answer
FROM attempts JOIN sessions ON sessions.number = attempts.session ORDER BY attempts.number
"""
WRITE = "INSERT INTO attempts (session, moment, skill, problem, result, hints, answer) VALUES (?, ?, ?, ?, ?, ?, ?)"


class ProgressError(PracticeError):
    """The file with the progress cannot be used; the message is one line that says what to do."""


def progress_path(environment: Mapping[str, str], platform: str, home: PurePath) -> PurePath:
    """Where progress is kept: BACKPROOF_PROGRESS, else in the folder that the platform has for a user's data.

    `platform` is that of `sys.platform`. A relative XDG_DATA_HOME is ignored, as the XDG Base Directory Specification
    asks for.
    """
    if environment.get(VARIABLE):
        return type(home)(environment[VARIABLE])
    folder = home / ".local" / "share"
    if platform == "darwin":
        folder = home / "Library" / "Application Support"
    elif platform == "win32":
        folder = type(home)(environment.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif type(home)(environment.get("XDG_DATA_HOME", "")).is_absolute():
        folder = type(home)(environment["XDG_DATA_HOME"])
    return folder / "backproof" / FILE


class Progress:
    """An open file of progress; its methods raise ProgressError."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._sessions: dict[str, int] = {}

    def add(self, attempt: Attempt) -> None:
        """Keep an attempt: it is on the disk when this returns."""
        with _told(self.path), _transaction(self._connection) as connection:
            session = self._sessions.get(attempt.kind)
            if session is None:
                session = connection.execute("INSERT INTO sessions (kind) VALUES (?)", (attempt.kind,)).lastrowid
            hints, answer = min(attempt.hints, MOST_HINTS), _storable(attempt.answer)[:LONGEST_ANSWER]
            row = (session, attempt.moment, attempt.skill, attempt.problem, attempt.result, hints, answer)
            connection.execute(WRITE, row)
        assert session is not None
        self._sessions[attempt.kind] = session

    def attempts(self) -> list[Attempt]:
        """All attempts, in the order in which they were made."""
        with _told(self.path):
            return [Attempt(*row) for row in self._connection.execute(READ)]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


@contextmanager
def open_progress(path: Path) -> Iterator[Progress]:
    """Open the file to be added to, or make it; that it can be written is tried first.

    Raises ProgressError where that cannot be done, or the file is damaged, or of something else: it is left alone.
    """
    _require_ours(path)
    with _told(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
    try:
        with _told(path):
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            with _transaction(connection):
                if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
                    for statement in SCHEMA.split(";"):
                        connection.execute(statement)
                else:
                    _require_intact(connection, path)
                connection.execute(f"PRAGMA user_version = {VERSION}")  # written again: it shows that it can be
        yield Progress(path, connection)
    finally:
        connection.close()


def read_attempts(path: Path) -> list[Attempt]:
    """All attempts in the file; none where there is no file, and none is made. Raises ProgressError."""
    _require_ours(path)
    if not path.exists() or not path.stat().st_size:
        return []
    with _told(path):  # to be written where it can be: SQLite takes back what a killed process left half done
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=PATIENCE)
        try:
            _require_intact(connection, path)
            return Progress(path, connection).attempts()
        finally:
            connection.close()


def _require_ours(path: Path) -> None:
    """Look at the header before SQLite does, which would roll back what somebody else's journal tells it to."""
    try:
        if path.exists() and not path.is_file():  # a pipe may never end
            raise ProgressError(f"cannot read {path}: it is no regular file; name another file with --progress")
        with path.open("rb") as file:
            header = file.read(HEADER)
    except FileNotFoundError:
        return
    except OSError as error:
        raise ProgressError(f"cannot read {path}: {error.strerror}; name another file with --progress") from None
    if not header:
        return
    mark = int.from_bytes(header[APPLICATION_AT : APPLICATION_AT + 4], "big")
    if not header.startswith(MAGIC) or len(header) < HEADER or mark != APPLICATION:
        raise ProgressError(f"{path} is no file of progress, or its beginning is lost; nothing was changed; "
                            "move it away, or name another file with --progress")  # fmt: skip


def _require_intact(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != VERSION:
        raise ProgressError(f"{path} is of version {version}, and this backproof knows version {VERSION}; "
                            "use the one that wrote it, or name another file with --progress")  # fmt: skip
    if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        _refuse_damaged(path)


def _refuse_damaged(path: Path) -> NoReturn:
    raise ProgressError(f"{path} is damaged; nothing was changed; move it away, or name another file with --progress")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say in one line what went wrong with the file."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise  # a row that breaks the rules is a bug, not damage
    except sqlite3.OperationalError as error:
        raise ProgressError(f"cannot keep progress in {path}: {error}; "
                            "name another file with --progress") from None  # fmt: skip
    except sqlite3.DatabaseError:
        _refuse_damaged(path)
    except OSError as error:
        raise ProgressError(f"cannot keep progress in {path}: {error.strerror}; "
                            "name another file with --progress") from None  # fmt: skip


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All or nothing, and nobody else writes meanwhile."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _storable(text: str) -> str:
    """The text without halves of surrogate pairs, which a pipe may bring and UTF-8 has no bytes for."""
    return text.encode("utf-8", "replace").decode()
