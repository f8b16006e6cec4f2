"""Reference arrays for tests/oversample_*.rs, by imbalanced-learn. Run from the root of the source folder:

    python tests/data/oversample_reference.py

writes oversample_reference.json. Made with imbalanced-learn 0.14.2, scikit-learn 1.9.1, NumPy 2.4.6 and pandas; the
versions are written into the file, too. Where the sampler keeps an array to itself, it is taken from the call that
it makes, so every number below is imbalanced-learn's own and none is this script's.
"""

import itertools
import json

import imblearn
import numpy as np
import pandas as pd
import sklearn
from imblearn.metrics.pairwise import ValueDifferenceMetric
from imblearn.over_sampling import ADASYN, SMOTENC, BorderlineSMOTE, RandomOverSampler
from imblearn.over_sampling import _adasyn, _random_over_sampler
from imblearn.utils import check_sampling_strategy
from sklearn.preprocessing import OrdinalEncoder

DATA = "tests/data"


class Spy:
    """NumPy, except that the arguments of some functions are kept."""

    def __init__(self, *names):
        self.names, self.calls = names, []

    def __getattr__(self, name):
        function = getattr(np, name)
        if name not in self.names:
            return function

        def kept(*arguments, **options):
            self.calls.append(arguments)
            return function(*arguments, **options)

        return kept


def borders(x, y):
    """Rows in danger (m = 10) and ADASYN's counts (k = 5), by class."""
    sampler = BorderlineSMOTE(random_state=0)
    sampler.fit_resample(x, y)
    danger = {int(c): [int(i) for i in rows] for c, rows in sampler.in_danger_indices.items()}
    spy = Spy("repeat")
    _adasyn.np = spy
    grown, _ = ADASYN(random_state=0).fit_resample(x, y)
    _adasyn.np = np
    classes = [c for c, n in check_sampling_strategy("auto", y, "over-sampling").items() if n > 0]
    counts = {int(c): [int(n) for n in call[1]] for c, call in zip(classes, spy.calls)}
    return {"danger": danger, "adasyn": counts, "made": len(grown) - len(x)}


def random_table(counts, width, seed):
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(counts)), counts)
    rng.shuffle(y)
    x = rng.normal(size=(len(y), width)) + 0.8 * y[:, None]
    return x.round(6), y


def mixed():
    """SMOTENC on two numeric and three categorical columns: med, distances in the class, and modes of each base."""
    x, y = random_table([40, 16], 2, 2)
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 4, size=(len(y), 3))
    sampler = SMOTENC(categorical_features=[2, 3, 4], k_neighbors=5, random_state=0)
    sampler.fit_resample(np.hstack([x, codes]), y)
    encoded = sampler.nn_k_._fit_X
    members = np.flatnonzero(y == 1)
    distances = sampler.nn_k_.kneighbors(encoded, n_neighbors=len(members))
    matrix = np.zeros((len(members), len(members)))
    np.put_along_axis(matrix, distances[1], distances[0], axis=1)
    modes = []
    for nearest in sampler.nn_k_.kneighbors(encoded, return_distance=False)[:, 1:]:
        votes = codes[members[nearest]]
        counts = [np.bincount(column, minlength=4) for column in votes.T]
        modes.append([[int(v) for v in np.flatnonzero(c == c.max())] for c in counts])
    return {
        "x": x.tolist(),
        "codes": codes.tolist(),
        "y": y.tolist(),
        "median_deviation": float(sampler.median_std_[1]),
        "distances": matrix.round(12).tolist(),
        "modes": modes,
    }


def nominal():
    """The value difference metric of SMOTEN on three categorical columns, two and three classes."""
    result = []
    for classes in (2, 3):
        rng = np.random.default_rng(classes)
        y = rng.integers(0, classes, size=24)
        codes = (rng.integers(0, 4, size=(24, 3)) + y[:, None]) % 5
        encoded = OrdinalEncoder(dtype=np.int32).fit_transform(codes)
        metric = ValueDifferenceMetric().fit(encoded, y)
        result.append(
            {
                "codes": codes.tolist(),
                "y": y.tolist(),
                "distances": metric.pairwise(encoded).tolist(),
            }
        )
    return result


def smoothed():
    """The standard deviations of the smoothed bootstrap's noise."""
    x, y = random_table([60, 20], 3, 4)
    spy = Spy("diagflat")
    _random_over_sampler.np = spy
    RandomOverSampler(shrinkage=1.5, random_state=0).fit_resample(x, y)
    _random_over_sampler.np = np
    return {
        "x": x.tolist(),
        "y": y.tolist(),
        "shrinkage": 1.5,
        "deviation": spy.calls[0][0].tolist(),
    }


def strategies():
    """Rows to be made of each class; null where imbalanced-learn refuses."""
    grid = [list(c) for c in itertools.product([1, 2, 7, 10], repeat=2)]
    grid += [[7, 10, 7], [10, 7, 3], [3, 10, 10], [4, 4, 9], [5, 5, 5], [1, 8, 20], [20, 8, 1, 8]]
    names = ["auto", "minority", "not majority", "not minority", "all"]
    names += [0.1, 0.29, 0.35, 0.5, 0.75, 0.95, 1.0]
    result = []
    for counts, strategy in itertools.product(grid, names):
        y = np.repeat(np.arange(len(counts)), counts)
        try:
            made = check_sampling_strategy(strategy, y, "over-sampling")
            made = [int(made.get(c, 0)) for c in range(len(counts))]
        except ValueError:
            made = None
        name = strategy if isinstance(strategy, float) else strategy.replace(" ", "-")
        result.append([counts, str(name), made])
    return result


def main():
    blocks = pd.read_csv("data/page-blocks.csv.gz")
    x, y = random_table([120, 40, 25], 3, 1)
    reference = {
        "versions": {
            "imbalanced-learn": imblearn.__version__,
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
        },
        "page_blocks": borders(blocks.drop(columns="anomaly").to_numpy(float), blocks["anomaly"].to_numpy()),
        "random": {"x": x.tolist(), "y": y.tolist(), **borders(x, y)},
        "smotenc": mixed(),
        "smoten": nominal(),
        "rose": smoothed(),
        "strategies": strategies(),
    }
    with open(f"{DATA}/oversample_reference.json", "w") as file:
        json.dump(reference, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
