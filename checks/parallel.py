"""Work shared among processes of this machine, or among the workers of a Dask cluster; results come in order."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

# Seconds to wait for a scheduler to answer, and for it to have a worker.
PATIENCE = 10


class ClusterError(ValueError):
    """A cluster that cannot be had, or broke down; the message is one line that says why."""


def shared(
    function: Callable[..., Any], tasks: Iterable[tuple[Any, ...]], jobs: int = 1, scheduler: str | None = None
) -> Iterator[Any]:
    """`function(*task)` for every task, in order, as the results come.

    With `jobs` above 1 so many processes share the tasks; with `scheduler`, an address such as tcp://HOST:8786, its
    workers do, where the same Backproof is installed. What a worker was doing when it died is done by another. Both
    `function` and what it returns must be of importable modules. Raises ClusterError for a cluster that does not answer
    within 10 seconds, has no workers, or breaks down.
    """
    if scheduler is not None:
        yield from _on_cluster(function, tasks, scheduler)
    elif jobs == 1:
        yield from (function(*task) for task in tasks)
    else:
        from joblib import Parallel, delayed

        yield from Parallel(n_jobs=jobs, return_as="generator")(delayed(function)(*task) for task in tasks)


def _on_cluster(function: Callable[..., Any], tasks: Iterable[tuple[Any, ...]], address: str) -> Iterator[Any]:
    with _client(address) as client:
        from distributed import CancelledError, KilledWorker  # `_client` tells where they are not to be had

        futures = [client.submit(function, *task, pure=False) for task in tasks]
        for future in futures:
            try:
                yield future.result()
            except ImportError as error:
                raise ClusterError(
                    f"a worker of {address} lacks what it takes: {error}; install Backproof there"
                ) from error
            except (CancelledError, KilledWorker, OSError) as error:
                reason = " ".join(str(error).split())
                raise ClusterError(f"the cluster at {address} broke down: {type(error).__name__}: {reason}") from error


@contextmanager
def _client(address: str) -> Iterator[Any]:
    try:
        from distributed import Client
        from distributed.comm.addressing import parse_address
    except ImportError:
        raise ClusterError("a scheduler needs the package distributed: pip install 'backproof[distributed]'") from None
    try:
        parse_address(address, strict=True)  # before a client starts its threads
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ClusterError(f"no scheduler at {address!r}; expected tcp://HOST:8786: {reason}") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise ClusterError(f"the scheduler at {address} has no workers") from None
        yield client
