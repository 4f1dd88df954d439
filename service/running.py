"""A standing that runs: the log is followed, and questions are answered."""

from contextlib import AbstractAsyncContextManager

from service.standing import Service, Standing

__all__ = ["Service", "running"]


def running(standing: Standing) -> AbstractAsyncContextManager[Service]:
    """Run a standing until the block ends. A task that fails ends the block with its error."""
    return standing.running()
