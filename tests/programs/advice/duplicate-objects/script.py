"""The colour of every pixel as a tuple: a million tuples for a few hundred colours."""
# expect: finding duplicate-objects at PIXEL symbol pixels

#+ known = {}
pixels = []
for row in range(1_000):
    for column in range(1_000):
        pixel = (row * 8 // 1_000, column * 8 // 1_000, (row + column) * 4 // 2_000)
        #+ pixel = known.setdefault(pixel, pixel)
        pixels.append(pixel)  # <PIXEL>
red = sum(pixel[0] for pixel in pixels)
green = sum(pixel[1] for pixel in pixels)
print(len(pixels), red, green)
