"""Mixed batches and targets as timm and torchvision make them, with what they drew: writes image_reference.json.

Made with timm 1.0.31, torchvision 0.29.2, torch 2.15: python image_reference.py > image_reference.json
"""
import json
import random

import numpy as np
import timm.data.mixup as tm
import torch
from torchvision.transforms import v2

CLASSES = 3


def images(n, channels, height, width):
    i = np.arange(n * channels * height * width, dtype=np.int64)
    return ((i * 7919) % 1009).astype(np.float32) / np.float32(1009)


def labels(n):
    return torch.tensor([(i * 2) % CLASSES for i in range(n)])


drawn = []


def record(module, name):
    inner = getattr(module, name)

    def wrapped(*args, **kwargs):
        out = inner(*args, **kwargs)
        drawn.append([int(v) for v in out])
        return out

    setattr(module, name, wrapped)


record(tm, "rand_bbox")
record(tm, "rand_bbox_minmax")


def timm_case(name, seed, dims, **kwargs):
    drawn.clear()
    np.random.seed(seed)
    mixup = tm.Mixup(num_classes=CLASSES, **kwargs)
    params = {}

    def keep(attribute):
        inner = getattr(mixup, attribute)

        def wrapped(*args):
            lam, use = inner(*args)
            params["lambda"] = np.atleast_1d(np.asarray(lam, dtype=np.float64)).tolist()
            params["cutmix"] = np.atleast_1d(np.asarray(use)).astype(bool).tolist()
            return lam, use

        setattr(mixup, attribute, wrapped)

    keep("_params_per_batch")
    keep("_params_per_elem")
    n = dims[0]
    x = torch.from_numpy(images(*dims)).reshape(dims)
    mixed, target = mixup(x.clone(), labels(n))
    # Boxes as (top, bottom, left, right), in the order in which they were needed.
    return {
        "name": name, "dims": dims, "mode": kwargs.get("mode", "batch"), "partner": "flip",
        "smoothing": kwargs.get("label_smoothing", 0.1), "corrected": kwargs.get("correct_lam", True) or "cutmix_minmax" in kwargs,
        **params, "boxes": [[b[0], b[2], b[1] - b[0], b[3] - b[2]] for b in drawn],
        "mixed": mixed.flatten().tolist(), "targets": target.flatten().tolist(),
    }


def torchvision_case(name, seed, dims, cut):
    torch.manual_seed(seed)
    transform = (v2.CutMix if cut else v2.MixUp)(alpha=1.0, num_classes=CLASSES)
    params = {}
    inner = transform.make_params

    def wrapped(flat):
        state = torch.get_rng_state()
        out = inner(flat)
        torch.set_rng_state(state)
        lam = float(transform._dist.sample(()))
        params["lambda"] = [lam]
        if cut:
            x, y = int(torch.randint(dims[3], size=(1,))), int(torch.randint(dims[2], size=(1,)))
            params["centre"] = [y, x]
            x1, y1, x2, y2 = out["box"]
            params["boxes"] = [[y1, x1, y2 - y1, x2 - x1]]
        return out

    transform.make_params = wrapped
    x = torch.from_numpy(images(*dims)).reshape(dims)
    mixed, target = transform(x.clone(), labels(dims[0]))
    return {
        "name": name, "dims": dims, "mode": "batch", "partner": "roll", "smoothing": 0.0, "corrected": True,
        "cutmix": [cut], "boxes": [], **params, "mixed": mixed.flatten().tolist(), "targets": target.flatten().tolist(),
    }


def bytes_case(seed, n, channels, height, width):
    """Whole images of bytes mixed by timm's collate function, which rounds to the nearest, halves to even."""
    np.random.seed(seed)
    collate = tm.FastCollateMixup(num_classes=CLASSES, mixup_alpha=1.0, label_smoothing=0.0)
    lam = {}
    inner = collate._params_per_batch

    def wrapped():
        lam["value"] = inner()
        return lam["value"]

    collate._params_per_batch = wrapped
    size = channels * height * width
    every = [((np.arange(size, dtype=np.int64) * 31 + r * 57) % 256).astype(np.uint8) for r in range(n)]
    batch = [(x.reshape(channels, height, width), int(l)) for x, l in zip(every, labels(n))]
    mixed, _ = collate(batch)
    return {"dims": [n, channels, height, width], "lambda": float(lam["value"][0]), "mixed": mixed.flatten().tolist()}


if __name__ == "__main__":
    random.seed(0)
    cases = []
    odd = [4, 2, 5, 7]
    cases.append(timm_case("mixup", 1, odd, mixup_alpha=0.8))
    for seed in range(2, 5):
        cases.append(timm_case("cutmix", seed, odd, mixup_alpha=0.0, cutmix_alpha=1.0))
    cases.append(timm_case("cutmix uncorrected", 2, odd, mixup_alpha=0.0, cutmix_alpha=1.0, correct_lam=False))
    cases.append(timm_case("cutmix min-max", 5, [4, 1, 8, 6], mixup_alpha=0.0, cutmix_minmax=[0.2, 0.8]))
    for seed in (6, 7):
        cases.append(timm_case("pairs", seed, [6, 1, 5, 7], mixup_alpha=1.0, cutmix_alpha=1.0, mode="pair", prob=0.8))
        cases.append(timm_case("elements", seed, [6, 1, 5, 7], mixup_alpha=1.0, cutmix_alpha=1.0, mode="elem", prob=0.8))
    cases.append(torchvision_case("torchvision mixup", 8, [3, 2, 5, 7], False))
    for seed in range(9, 14):
        cases.append(torchvision_case("torchvision cutmix", seed, [3, 2, 5, 7], True))
    for case in cases:
        for key in ("mixed", "targets"):
            case[key] = [float(np.float32(v)) for v in case[key]]
    def short(values):
        return [round(v, 8) for v in values]
    for case in cases:
        case["mixed"], case["targets"] = short(case["mixed"]), short(case["targets"])
    print("{\"batches\": [")
    print(",\n".join(json.dumps(c) for c in cases))
    print("], \"bytes\": [")
    print(",\n".join(json.dumps(bytes_case(s, 4, 3, 5, 7)) for s in (20, 21)))
    print("]}")
