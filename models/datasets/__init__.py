"""Public data sets of real charging: what there is, under which licence, and loaders into values of the domain.

Files are found in a folder that the caller names and checked against the checksum that is known of them.
"""

from models.datasets.catalogue import CATALOGUE, Dataset, dataset
from models.datasets.recorded import RecordedSession

__all__ = ["CATALOGUE", "Dataset", "RecordedSession", "dataset"]
