"""A dataclass for each of 300,000 trades."""
# expect: finding slots at CLASS symbol Trade

from dataclasses import dataclass


@dataclass  #-
#+ @dataclass(slots=True)
class Trade:  # <CLASS>
    number: int
    price: float
    amount: int

    def value(self) -> float:
        return self.price * self.amount


def main() -> None:
    trades = []
    for number in range(300_000):
        trades.append(Trade(number, number / 8, number % 50))
    total = sum(trade.value() for trade in trades)
    largest = max(trades, key=Trade.value)
    print(total, largest.number)


main()
