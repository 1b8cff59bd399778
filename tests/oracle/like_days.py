"""High X of Y by another way: a table of days and hours, as an analyst would lay it out. Whole hours, no clock change.

It shares nothing with the code that it judges; constants are arguments, not looked up.
"""

import pandas as pd


def high_x_of_y(
    table: pd.DataFrame,
    day: pd.Timestamp,
    hours: list[int],
    *,
    take: int,
    of: int,
    look_back: int,
    events: set[pd.Timestamp],
    not_the_day_before: bool = False,
    low_share_of_highest: float = 0.0,
    low_share_of_mean: float = 0.0,
    adjust: str = "none",
    before: tuple[int, int] = (4, 1),
    bounds: tuple[float, float] = (float("-inf"), float("inf")),
) -> list[float]:
    """``table``: a row a day, a column an hour, NaN where nothing was metered. All days are weekdays or none is.

    ``before``: hours that adjust, from so many before the event until so many before it.
    """
    past = table.loc[(table.index < day) & (table.index >= day - pd.Timedelta(days=look_back))]
    like = past[(past.index.day_of_week < 5) == (day.day_of_week < 5)]
    like = like[~like.index.isin(list(events))]
    if not_the_day_before:
        like = like.drop(day - pd.Timedelta(days=1), errors="ignore")
    window = like[hours].dropna()
    if low_share_of_highest:
        window = window[window.mean(axis=1) >= low_share_of_highest * window.to_numpy().max()]
    window = window.sort_index(ascending=False)
    while low_share_of_mean:
        means = window.head(of).mean(axis=1)
        low = means[means < low_share_of_mean * means.mean()]
        if low.empty:
            break
        window = window.drop(low.index)
    latest = window.head(of)
    ranked = latest.assign(load=latest.mean(axis=1), at=latest.index).sort_values(
        ["load", "at"], ascending=[False, True]
    )
    chosen = ranked.head(take)
    raw = chosen[hours].mean()
    earlier = list(range(hours[0] - before[0], hours[0] - before[1]))
    usual = table.loc[chosen.index, earlier].dropna().to_numpy().mean()
    now = table.loc[day, earlier].mean()
    if adjust == "ratio":
        raw = raw * min(max(now / usual, bounds[0]), bounds[1])
    if adjust == "difference":
        raw = raw + (now - usual)
    return [float(one) for one in raw]
