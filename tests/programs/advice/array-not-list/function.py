"""Whole numbers appended one by one."""
# expect: finding array-not-list at APPEND symbol squares

#+ from array import array


def squares_below(limit: int) -> int:
    squares = []  #-
    #+ squares = array("q")
    for number in range(1_000, limit):
        squares.append(number * number)  # <APPEND>
    for _ in range(5):
        highest = max(squares)
    return highest - squares[0] + len(squares)


print(squares_below(2_500_000))
