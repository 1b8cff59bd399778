"""When and with whom: the imperative shell around the optimizer."""

import os

# Before numpy is loaded. Its products here have some thousand numbers; threads that wait for each other make them slow
# when another process is busy: the fail-safe shares of 500 EVSEs took 3.3 s instead of 0.19 s on two cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
