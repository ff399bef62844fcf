"""A year of hourly temperatures from 1,500 stations: which lag of days tells most about tomorrow?

Small enough to be run again and again, which is what `heapwise fix --verify` does with it in `make demo`.
"""

import numpy as np

STATIONS, DAYS, HOURS = 1_500, 365, 24
LAGS = range(1, 15)


def read_hours(seed: int) -> np.ndarray:
    """Degrees by station and hour: the season, the hour of the day, and weather that lasts some days."""
    random = np.random.default_rng(seed)
    day = np.arange(DAYS)
    season = 10 - 9 * np.cos(2 * np.pi * day / DAYS)
    weather = random.normal(0, 3, (STATIONS, DAYS))
    for number in range(1, DAYS):
        weather[:, number] += 0.7 * weather[:, number - 1]
    hour = 4 * np.sin(2 * np.pi * (np.arange(HOURS) - 9) / HOURS)
    return ((season + weather)[:, :, None] + hour).reshape(STATIONS, DAYS * HOURS)


def lagged_days(daily: np.ndarray) -> np.ndarray:
    """The days before, one layer for each lag."""
    return np.stack([np.roll(daily, lag, axis=1) for lag in LAGS])


def main() -> None:
    hours = read_hours(2013)
    daily = hours.reshape(STATIONS, DAYS, HOURS).mean(axis=2)
    warmest = int(hours.mean(axis=1).argmax())
    print(f"{STATIONS:,} stations, {hours.size:,} hours; the warmest station is number {warmest}")

    before = lagged_days(daily)
    today = daily - daily.mean()
    for lag, layer in zip(LAGS, before, strict=True):
        print(f"  {lag:2d} days before: correlation {np.corrcoef(today.ravel(), layer.ravel())[0, 1]:.3f}")


if __name__ == "__main__":
    main()
