"""Starts children in every way of the multiprocessing module and sends them an object of a class of __main__."""

import multiprocessing
import pickle


class Sample:
    """Something that is pickled by the name of its module and class."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sample) and other.number == self.number

    __hash__ = None  # type: ignore[assignment]


def double(sample: Sample) -> Sample:
    """Runs in the child."""
    return Sample(sample.number * 2)


if __name__ == "__main__":
    print(pickle.loads(pickle.dumps(Sample(3))) == Sample(3), Sample.__module__)
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            print(method, [sample.number for sample in pool.map(double, [Sample(1), Sample(2)])])
            pool.close()
            pool.join()
