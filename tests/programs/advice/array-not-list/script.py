"""Three million floats in a list: 32 bytes each where an array takes 8."""
# expect: finding array-not-list at VALUES symbol values

#+ from array import array

values = [number / 7 for number in range(3_000_000)]  # <VALUES> #-
#+ values = array("d", (number / 7 for number in range(3_000_000)))
for _ in range(5):
    total = sum(values)
print(total, len(values))
