"""A palette: each pixel refers to one of its sixty-four tuples."""
# expect: no finding duplicate-objects

palette = [(red, green, blue) for red in range(4) for green in range(4) for blue in range(4)]
pixels = [palette[number * 31 % 64] for number in range(2_000_000)]
print(len(pixels), sum(pixel[0] for pixel in pixels))
