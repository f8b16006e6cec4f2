"""The work of `benches/oversample.rs` in imbalanced-learn 0.14: median milliseconds of fit_resample on float64 arrays in
memory, and the extra megabytes it takes at its peak, as one JSON object in the last line.

pip install imbalanced-learn; python benches/peers/oversample.py [PART OF A NAME]
Neighbours are searched with two threads (n_jobs=2), or with one where that is faster.
"""
import json
import statistics
import sys
import time
import warnings

import numpy as np
from imblearn.over_sampling import ADASYN, SMOTE, SMOTENC, BorderlineSMOTE, KMeansSMOTE, RandomOverSampler, SVMSMOTE
from sklearn.neighbors import NearestNeighbors

warnings.filterwarnings("ignore")
TABLES = [(10_000, 1_000, 30), (100_000, 500, 30), (284_807, 492, 30), (200_000, 20_000, 30), (200_000, 20_000, 3)]


def neighbours(k, jobs):
    return NearestNeighbors(n_neighbors=k, n_jobs=jobs)


METHODS = {
    "random": lambda jobs: RandomOverSampler(random_state=0),
    "rose": lambda jobs: RandomOverSampler(random_state=0, shrinkage=1.0),
    "smote": lambda jobs: SMOTE(random_state=0, k_neighbors=neighbours(6, jobs)),
    "borderline1": lambda jobs: BorderlineSMOTE(random_state=0, kind="borderline-1", k_neighbors=neighbours(6, jobs),
                                                m_neighbors=neighbours(11, jobs)),
    "borderline2": lambda jobs: BorderlineSMOTE(random_state=0, kind="borderline-2", k_neighbors=neighbours(6, jobs),
                                                m_neighbors=neighbours(11, jobs)),
    "adasyn": lambda jobs: ADASYN(random_state=0, n_neighbors=neighbours(6, jobs)),
    "smotenc": lambda jobs: SMOTENC(categorical_features=[25, 26, 27, 28, 29], random_state=0,
                                    k_neighbors=neighbours(6, jobs)),
    # Every cluster is taken: the default finds none in normal rows.
    "kmeans": lambda jobs: KMeansSMOTE(random_state=0, cluster_balance_threshold=0.0),
    "svm": lambda jobs: SVMSMOTE(random_state=0, k_neighbors=neighbours(6, jobs), m_neighbors=neighbours(11, jobs)),
}


def table(rows, rare, width, categories):
    rng = np.random.default_rng(0)
    y = np.zeros(rows, dtype=np.int64)
    y[:rare] = 1
    rng.shuffle(y)
    x = rng.standard_normal((rows, width))
    x[y == 1, : min(5, width)] += 1
    if categories:
        x[:, -5:] = rng.integers(0, 5, (rows, 5))
    return x, y


def field(name):
    with open("/proc/self/status") as status:
        return next(float(line.split()[1]) / 1024 for line in status if line.startswith(name))


def measure(make, x, y):
    times, extra = [], 0.0
    for _ in range(3):
        with open("/proc/self/clear_refs", "w") as peak:
            peak.write("5")
        before, start = field("VmRSS:"), time.perf_counter()
        made = make().fit_resample(x, y)
        times.append((time.perf_counter() - start) * 1e3)
        extra = max(extra, field("VmHWM:") - before)
        del made
    return statistics.median(times), extra


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    figures = {}
    for rows, rare, width in TABLES:
        for method, make in METHODS.items():
            name = f"{method} {rows}x{width}, {rare}"
            if wanted not in name or (width == 3 and method in ("smotenc", "kmeans")) \
                    or (rows > 10_000 and method == "svm"):
                continue
            x, y = table(rows, rare, width, method == "smotenc")
            try:
                runs = [measure(lambda: make(jobs), x, y) for jobs in (2, 1)]
            except (RuntimeError, ValueError) as error:
                print(f"{name}: {error}", file=sys.stderr)
                continue
            figures[name], figures[f"{name}, MB"] = min(runs)
            print(f"{name:40} {figures[name]:9.1f} ms {figures[name + ', MB']:8.0f} MB", file=sys.stderr)
    print(json.dumps(figures))


main()
