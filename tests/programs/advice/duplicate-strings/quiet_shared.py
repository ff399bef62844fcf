"""The same fifty strings, referred to a million times: nothing is there twice."""
# expect: no finding duplicate-strings

cities = [f"a city with a long name, number {number}" for number in range(50)]
names = [cities[number % 50] for number in range(3_000_000)]
print(len(names), names[-1])
