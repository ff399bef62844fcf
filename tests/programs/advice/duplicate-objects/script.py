"""Half a million equal tuples of numbers."""
# expect: finding duplicate-objects at KEYS symbol colours

#+ known = {}
colours = []
for number in range(600_000):
    shade = float(number % 8)
    colours.append((shade, shade + 0.5, 1.0 - shade))  # <KEYS> #-
    #+ colour = (shade, shade + 0.5, 1.0 - shade)
    #+ colours.append(known.setdefault(colour, colour))
for _ in range(10):
    brightest = max(colours)
print(brightest, colours[-1])
