"""scikit-learn: a random forest, gradient boosting and k-means, one process, one job."""

import sys

import numpy as np
from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.preprocessing import StandardScaler

TREES = int(sys.argv[1]) if len(sys.argv) > 1 else 24
ROWS, COLUMNS = 12_000, 20


def main() -> None:
    random = np.random.default_rng(3)
    x = random.normal(size=(ROWS, COLUMNS))
    y = x[:, 0] * x[:, 1] + np.sin(x[:, 2]) + 0.1 * random.normal(size=ROWS)
    scaled = StandardScaler().fit_transform(x)
    forest = RandomForestClassifier(n_estimators=TREES, max_depth=12, n_jobs=1, random_state=1).fit(scaled, y > 0)
    boosted = HistGradientBoostingRegressor(max_iter=TREES, random_state=1).fit(scaled, y)
    clusters = KMeans(n_clusters=12, n_init=2, random_state=1).fit(scaled)
    score = forest.score(scaled, y > 0) + boosted.score(scaled, y)
    print(round(score, 4), round(float(clusters.inertia_)))


main()
