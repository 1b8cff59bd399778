"""Rules for the time without contact that say too little, or name what is not there."""

from collections.abc import Iterator

from models.domain.failsafe import FailSafe, SharePolicy
from models.domain.findings import Finding
from models.domain.paths import label, plain
from models.domain.scenario import Scenario


def unfit_fail_safe(scenario: Scenario) -> Iterator[Finding]:
    """Orders that name strangers or are not used, EVSEs whose behaviour nobody told, shares that leave EVSEs out."""
    rules = scenario.site.fail_safe
    if rules is not None:
        yield from _orders(scenario, rules)
        yield from _behaviours(scenario, rules)
        yield from _guard(rules)
    yield from _shares(scenario)


def _orders(scenario: Scenario, rules: FailSafe) -> Iterator[Finding]:
    known, path = {evse.id for evse in scenario.site.evses}, "site.fail_safe.order"
    for k, name in enumerate(rules.order):
        if name not in known or name in rules.order[:k]:
            what = "is there already" if name in known else "is no EVSE of the site"
            message, remedy = f"the order names {plain(name)}, which {what}", "name EVSEs of the site, each once"
            yield Finding(path=f"{path}[{k}]", message=message, remedy=remedy, ids=(name,))
    if rules.order and rules.policy is not SharePolicy.PRIORITY:
        message = f"an order of EVSEs is given, and the policy {rules.policy} does not use it"
        yield Finding(path=path, message=message, remedy="write the policy priority, or leave the order out")


def _behaviours(scenario: Scenario, rules: FailSafe) -> Iterator[Finding]:
    """Of an EVSE without one nothing can be proven; that nobody knows it has to be said."""
    if rules.offline is not None:
        return
    for i, evse in enumerate(scenario.site.evses):
        if evse.offline is None:
            message = f"{label(evse)}: the site has a fail-safe, and nobody told what this EVSE does without contact"
            remedy = "write offline here, or site.fail_safe.offline for all; unknown counts at its rating"
            yield Finding(path=f"site.evses[{i}].offline", message=message, remedy=remedy, ids=(evse.id,))


def _guard(rules: FailSafe) -> Iterator[Finding]:
    """A guard as long as the blind time leaves nothing of the plan but the shares."""
    if 0.0 < rules.blind_minutes <= rules.guard_minutes:
        message = f"the guard of {rules.guard_minutes:g} min leaves nothing of {rules.blind_minutes:g} blind minutes"
        remedy = "write a guard that is shorter: how far the clocks of stations may differ"
        yield Finding(path="site.fail_safe.guard_minutes", message=message, remedy=remedy)


def _shares(scenario: Scenario) -> Iterator[Finding]:
    """Either nobody's share is given or everybody's, once."""
    if not scenario.shares:
        return
    known, told = {evse.id for evse in scenario.site.evses}, [share.evse for share in scenario.shares]
    for k, name in enumerate(told):
        if name not in known or name in told[:k]:
            what = "has a share already" if name in known else "is no EVSE of the site"
            message, remedy = f"{plain(name)} {what}", "give every EVSE of the site one share, or leave shares out"
            yield Finding(path=f"shares[{k}].evse", message=message, remedy=remedy, ids=(name,))
    for name in sorted(known - set(told)):
        remedy = "give every EVSE of the site one share, or leave shares out"
        yield Finding(path="shares", message=f"EVSE {plain(name)} has no share", remedy=remedy, ids=(name,))
    for k, share in enumerate(scenario.shares):
        starts = [step.start_s for step in share.daily]
        if starts and (starts[0] != 0.0 or starts != sorted(set(starts))):
            message = f"steps of the day of EVSE {plain(share.evse)} do not begin at 0 s or are out of order"
            remedy = "begin at 0 s after midnight UTC, in order of time"
            yield Finding(path=f"shares[{k}].daily", message=message, remedy=remedy, ids=(share.evse,))
