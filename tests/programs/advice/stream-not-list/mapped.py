"""list() around map, for a loop that looks at each result once."""
# expect: finding stream-not-list at RESULTS


def parsed(line: str) -> tuple[int, float]:
    number, share = line.split(",")
    return int(number), float(share)


def main() -> None:
    total = 0.0
    for number, share in list(map(parsed, (f"{n + 1000},{n / 7}" for n in range(300_000)))):  # <RESULTS> #-
    #+ for number, share in map(parsed, (f"{n + 1000},{n / 7}" for n in range(300_000))):
        total += number * share
    print(total)


main()
