"""The city of every order, cut out of its line: few cities, and a string for each order."""
# expect: finding duplicate-strings at CITY symbol city_of

#+ import sys

CITIES = ["Amsterdam Centraal", "Rotterdam Blaak", "Utrecht Overvecht", "Den Haag Laan van NOI"]


def lines():
    for number in range(500_000):
        yield f"{number};{CITIES[number % 4]};{number * 7 % 100}"


def main() -> None:
    city_of = {}
    for line in lines():
        order, city, amount = line.split(";")
        city_of[int(order)] = city  # <CITY> #-
        #+ city_of[int(order)] = sys.intern(city)
    counts = {}
    for city in city_of.values():
        counts[city] = counts.get(city, 0) + 1
    print(counts)


main()
