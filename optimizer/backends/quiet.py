"""Keeps a C library's greeting off standard output, where a command's own answer belongs."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_stdout() -> Iterator[None]:
    """What the block prints through C is dropped. Process-wide, so only for the moment of an import."""
    try:
        stdout = os.dup(1)
    except OSError:  # there is no standard output to keep clean
        yield
        return
    libc = ctypes.CDLL(None)
    sys.stdout.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        # C buffers what goes to a pipe until the end of the process: flush it while it still goes nowhere.
        libc.fflush(None)
        os.dup2(stdout, 1)
        os.close(nowhere)
        os.close(stdout)
