"""Class bodies run as code: their attributes, a metaclass, __init_subclass__ and __set_name__ allocate while a class is made.

40 MB in a class body, 20 MB in the metaclass, 15 MB in __init_subclass__ of the base, 25 MB in a descriptor's __set_name__.
"""
# let: MB = 1_000_000
# expect: peak_heap_bytes ~ 100 * MB
# expect: line BODY self ~ 40 * MB
# expect: line META self ~ 20 * MB
# expect: line SUBCLASS self ~ 15 * MB
# expect: line SET_NAME self ~ 25 * MB
# expect: line CLASS total ~ 100 * MB
# expect: line BODY in Table
# expect: function Table self ~ 40 * MB


class Meta(type):
    def __init__(cls, name: str, bases: tuple[type, ...], body: dict[str, object]) -> None:
        super().__init__(name, bases, body)
        if bases:
            cls.index = bytearray(20_000_000)  # <META>


class Base(metaclass=Meta):
    def __init_subclass__(cls) -> None:
        cls.cache = bytearray(15_000_000)  # <SUBCLASS>


class Column:
    def __set_name__(self, owner: type, name: str) -> None:
        self.values = bytearray(25_000_000)  # <SET_NAME>


class Table(Base):  # <CLASS>
    rows = bytearray(40_000_000)  # <BODY>
    column = Column()
