"""Fields split from lines, kept in a dict."""
# expect: finding duplicate-strings at FIELDS symbol states

#+ import sys


def main() -> None:
    states = {}
    for number in range(500_000):
        _, state = f"{number};status of the order: {number % 7}".split(";")
        states[number] = state  # <FIELDS> #-
        #+ states[number] = sys.intern(state)
    for _ in range(10):
        longest = max(map(len, states.values()))
    print(longest, states[17])


main()
