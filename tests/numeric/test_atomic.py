import os

import pytest

from numeric.atomic import require_writable, sweep, write_atomically
from numeric.errors import InputError


def test_it_writes_and_overwrites_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "file"
    for content in (b"first", b"second"):
        write_atomically(path, content)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_what_fails_halfway_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def disk_full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_ctrl_c_right_after_the_renaming_is_ctrl_c(tmp_path, monkeypatch):
    real = os.replace

    def interrupted(*paths):
        real(*paths)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_what_a_killed_process_left_is_swept_away_and_nothing_else(tmp_path, monkeypatch):
    for name in ("file", ".hidden", "x.unfinished"):
        (tmp_path / name).write_text("somebody's")
    with monkeypatch.context() as killed:
        killed.setattr(os, "replace", lambda *paths: None)
        write_atomically(tmp_path / "file", b"new")
    assert len(list(tmp_path.iterdir())) == 4
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".hidden", "file", "x.unfinished"]
    assert (tmp_path / "file").read_text() == "somebody's"


def test_a_folder_to_be_made_is_writable_and_stays_unmade(tmp_path):
    require_writable(tmp_path / "a" / "b")
    assert not list(tmp_path.iterdir())


def test_a_file_in_the_way_is_not_writable(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for folder in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(InputError, match=r"cannot write in .*file.*choose another folder"):
            require_writable(folder)


@pytest.mark.skipif(not os.path.isdir("/proc/1"), reason="needs a folder that nobody can write in")
def test_a_read_only_folder_is_not_writable():
    from pathlib import Path

    with pytest.raises(InputError, match=r"cannot write in /proc/run: .*\(/proc\)"):
        require_writable(Path("/proc/run"))
