"""Reference rows for tests/oversample_clean.rs and tests/oversample_svm.rs. Run from the root of the source folder:

    python tests/data/oversample_reference_b.py

writes oversample_reference_b.json: small tables, the rows that imbalanced-learn's cleaning removes from them and from
data/page-blocks.csv.gz, and the support vectors that scikit-learn's SVC finds. Made with imbalanced-learn 0.14.2 and
scikit-learn; the versions are written into the file, too.
"""

import json

import imblearn
import numpy as np
import pandas as pd
import sklearn
from imblearn.under_sampling import EditedNearestNeighbours, TomekLinks
from sklearn.svm import SVC


def random_table(counts, width, seed, offset=0.0, scale=1.0):
    """Normal rows, class c shifted by 0.8·c, with four decimals: no two distances are equal."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    x = (rng.normal(size=(len(y), width)) + 0.8 * y[:, None]).round(4)
    return x * scale + offset, y


def removed(sampler, x, y):
    sampler.fit_resample(x, y)
    return sorted(set(range(len(y))) - {int(i) for i in sampler.sample_indices_})


def cleaned(x, y):
    return {
        "tomek_both": removed(TomekLinks(sampling_strategy="all"), x, y),
        "tomek_majority": removed(TomekLinks(sampling_strategy="majority"), x, y),
        "enn_all": removed(EditedNearestNeighbours(sampling_strategy="all"), x, y),
        "enn_mode": removed(EditedNearestNeighbours(sampling_strategy="all", kind_sel="mode"), x, y),
    }


def support(x, y):
    return [int(i) for i in SVC(gamma="scale").fit(x, y).support_]


TABLES = {
    "two classes": random_table([60, 20], 3, 1),
    "three classes": random_table([40, 25, 15], 2, 2),
    "wide": random_table([40, 10], 20, 3),
    "far away": random_table([50, 15], 4, 4, offset=1000.0),
    "small": random_table([50, 25], 2, 5, scale=1e-6),
}

tables = []
for name, (x, y) in TABLES.items():
    tables.append(
        {
            "name": name,
            "width": x.shape[1],
            "numbers": x.ravel().tolist(),
            "classes": y.tolist(),
            "support": support(x, y),
            **cleaned(x, y),
        }
    )

blocks = pd.read_csv("data/page-blocks.csv.gz")
x, y = blocks.drop(columns="anomaly").to_numpy(float), blocks["anomaly"].to_numpy()
reference = {
    "imbalanced-learn": imblearn.__version__,
    "scikit-learn": sklearn.__version__,
    "tables": tables,
    "page_blocks": {"support": support(x, y), **cleaned(x, y)},
}
with open("tests/data/oversample_reference_b.json", "w") as file:
    json.dump(reference, file, separators=(",", ":"))
    file.write("\n")
