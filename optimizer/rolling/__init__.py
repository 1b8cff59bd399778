"""A live site from one message to the next: what is known of it, what is wrong with it, and what to plan next.

``state`` holds the nouns; ``observe`` folds events into it; ``ahead`` makes the next scenario of it. The folds are in
``connecting``, ``plugging``, ``measuring``, ``limiting`` and ``answering``, what is read from measurements in
``stages``, ``following`` and ``judging``. ``due`` says why to plan again, ``trying`` who gets a limit on trial.
Pure: the same events at the same times give the same state.
"""

from optimizer.rolling.ahead import next_scenario
from optimizer.rolling.observe import observe
from optimizer.rolling.opening import opening
from optimizer.rolling.state import SiteState, Stage
from optimizer.rolling.verdict import Evidence, Flaw, Verdict

__all__ = ["Evidence", "Flaw", "SiteState", "Stage", "Verdict", "next_scenario", "observe", "opening"]
