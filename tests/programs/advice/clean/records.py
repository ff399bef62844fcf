"""Instances with slots, indexed by number."""
# expect: no finding

from dataclasses import dataclass


@dataclass(slots=True)
class Order:
    number: int
    customer: str
    total: float


def main() -> None:
    names = [f"customer {number}" for number in range(500)]
    orders = {number: Order(number, names[number % 500], number / 7) for number in range(150_000)}
    print(len(orders), orders[149_999].customer, round(sum(order.total for order in orders.values())))


main()
