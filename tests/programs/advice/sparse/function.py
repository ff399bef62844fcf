"""How often each of 6,000 words stands in each of 5,000 texts: nearly always not at all."""
# needs: import scipy
# expect: finding sparse at COUNTS symbol counts

import numpy as np
import scipy.sparse


def texts(count: int) -> list[np.ndarray]:
    random = np.random.default_rng(8)
    return [np.minimum(random.zipf(1.3, 60), 6_000) - 1 for _ in range(count)]


def count_words(documents: list[np.ndarray], words: int) -> np.ndarray:
    counts = np.zeros((len(documents), words))  # <COUNTS> #-
    for row, document in enumerate(documents): #-
        np.add.at(counts[row], document, 1) #-
    #+ rows = np.repeat(np.arange(len(documents)), [len(document) for document in documents])
    #+ columns = np.concatenate(documents)
    #+ counts = scipy.sparse.csr_array((np.ones(len(columns)), (rows, columns)), shape=(len(documents), words))
    return counts


def main() -> None:
    counts = count_words(texts(5_000), 6_000)
    query = counts[[0]]
    similarity = counts @ query.T
    print(counts.shape, int(counts.sum()))
    print(int(similarity.max()))


main()
