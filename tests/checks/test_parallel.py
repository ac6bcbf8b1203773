"""Results come in order, whoever does the work, and whatever becomes of a worker."""

import os
import signal
import sys
import time

import pytest

from checks.parallel import ClusterError, shared
from checks.suite import run_suite

TASKS = [(number,) for number in range(12)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_the_order_of_the_tasks(jobs):
    assert list(shared(abs, [(-number,) for number in range(5)], jobs)) == list(range(5))


@pytest.fixture(scope="module")
def cluster():
    """A scheduler and two workers, each a process of its own, on this machine."""
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    local = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", host="127.0.0.1"
    )
    with local:
        yield local


def test_every_result_comes_though_a_worker_is_killed(cluster):
    before = {worker.pid for worker in cluster.workers.values()}
    results = shared(time.sleep, [(0.2,)] * 12, scheduler=cluster.scheduler_address)
    first = next(results)
    os.kill(min(before), signal.SIGKILL)
    assert [first, *results] == [None] * 12
    deadline = time.monotonic() + 10
    while (now := {worker.pid for worker in cluster.workers.values()}) == before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert min(before) not in now


def test_a_cluster_reports_what_one_process_reports(cluster):
    alone = run_suite(["tanh", "relu"], dtypes=["float64"], seed=1)
    together = run_suite(["tanh", "relu"], dtypes=["float64"], seed=1, scheduler=cluster.scheduler_address)
    assert [report.to_dict() for report in alone] == [report.to_dict() for report in together]


def test_what_a_task_raises_is_raised(cluster):
    with pytest.raises(ZeroDivisionError):
        list(shared(divmod, [(1, 0)], scheduler=cluster.scheduler_address))


@pytest.mark.parametrize("address", ["nonsense", "http://127.0.0.1:1", "tcp://127.0.0.1", "tcp://127.0.0.1:1"])
def test_a_scheduler_that_is_not_there_is_one_clear_line(address, monkeypatch):
    pytest.importorskip("distributed", reason="distributed is not installed")
    monkeypatch.setattr("checks.parallel.PATIENCE", 0.5)
    with pytest.raises(ClusterError, match=rf"no scheduler at '{address}'; expected tcp://HOST:8786") as caught:
        list(shared(abs, TASKS, scheduler=address))
    assert "\n" not in str(caught.value)


def test_a_scheduler_without_workers_is_one_clear_line(cluster, monkeypatch):
    monkeypatch.setattr("checks.parallel.PATIENCE", 0.5)
    with (
        type(cluster)(n_workers=0, dashboard_address=":0", host="127.0.0.1", loop=cluster.loop) as empty,
        pytest.raises(ClusterError, match="has no workers"),
    ):
        list(shared(abs, TASKS, scheduler=empty.scheduler_address))


def test_where_distributed_is_not_installed_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"needs the package distributed: pip install 'backproof\[distributed\]'"):
        list(shared(abs, TASKS, scheduler="tcp://127.0.0.1:9"))
