"""Tuples of numbers, one for each of 400,000 measurements."""
# expect: finding columns-not-records at ROWS symbol measurements

#+ from array import array


def main() -> None:
    measurements = []  #-
    #+ numbers, sevenths, elevenths = array("q"), array("d"), array("d")
    for number in range(400_000):
        measurements.append((number * 1_000, number / 7, number / 11))  # <ROWS> #-
        #+ numbers.append(number * 1_000)
        #+ sevenths.append(number / 7)
        #+ elevenths.append(number / 11)
    for _ in range(10):
        total = sum(row[1] for row in measurements)  #-
        #+ total = sum(sevenths)
    print(total, len(measurements))  #-
    #+ print(total, len(numbers))


main()
