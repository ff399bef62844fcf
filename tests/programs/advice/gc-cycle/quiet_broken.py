"""Each pair refers to each other, and the circle is broken when the work is done."""
# expect: no finding gc-cycle


class Parser:
    def __init__(self, text: bytes) -> None:
        self.text = text
        self.state = State(self)

    def close(self) -> None:
        self.state.parser = None


class State:
    def __init__(self, parser: Parser) -> None:
        self.parser = parser
        self.at = 0


total = 0
for number in range(30):
    parser = Parser(bytes([number]) * 3_000_000)
    total += len(parser.text) + parser.state.at
    parser.close()
print(total)
