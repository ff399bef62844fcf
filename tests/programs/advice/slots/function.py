"""A dataclass."""
# expect: finding slots at CLASS symbol Order

from dataclasses import dataclass


@dataclass  #-
#+ @dataclass(slots=True)
class Order:  # <CLASS>
    number: int
    price: float


def main() -> None:
    orders = {number: Order(number, number / 3) for number in range(400_000)}
    for _ in range(10):
        total = sum(order.price for order in orders.values())
    print(total)


main()
