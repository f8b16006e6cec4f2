"""A training step of the small residual network in PyTorch, on tiny images: writes image_model_reference.json.

Weights and images are formulas that the test has too. Made with torch 2.15: python image_model_reference.py > image_model_reference.json
"""
import json
import math

import torch
import torch.nn.functional as F

WIDTHS = [4, 6]
CHANNELS, HEIGHT, WIDTH, ROWS, CLASSES = 3, 7, 6, 5, 3


def formula(key, shape, scale):
    """cos of whole numbers, so that any language gives the same to the last digits."""
    n = math.prod(shape)
    values = [scale * math.cos((i + 1) * (0.7 + 0.013 * key)) for i in range(n)]
    return torch.tensor(values, dtype=torch.float64).reshape(shape).float()


def parameters():
    """Name -> tensor; convolutions [side, side, inputs, outputs]."""
    all, inputs = {}, CHANNELS
    for k, width in enumerate(WIDTHS):
        for part, i in (("widen", inputs), ("first", width), ("second", width)):
            all[f"stages.{k}.{part}.conv.weight"] = (3, 3, i, width)
            all[f"stages.{k}.{part}.norm.bias"] = (width,)
            all[f"stages.{k}.{part}.norm.weight"] = (width,)
        inputs = width
    all["head.bias"] = (CLASSES,)
    all["head.weight"] = (CLASSES, WIDTHS[-1])
    out = {}
    for key, name in enumerate(sorted(all)):
        value = formula(key, all[name], 0.3)
        if name.endswith("norm.weight"):
            value = value + 1
        out[name] = value.requires_grad_()
    return out


def forward(p, running, x):
    def normed(x, name, stride):
        weight = p[f"{name}.conv.weight"].permute(3, 2, 0, 1)
        y = F.conv2d(x, weight, stride=stride, padding=1)
        mean, var = running[f"{name}.norm.running_mean"], running[f"{name}.norm.running_var"]
        return F.batch_norm(y, mean, var, p[f"{name}.norm.weight"], p[f"{name}.norm.bias"], training=True)

    for k in range(len(WIDTHS)):
        x = F.relu(normed(x, f"stages.{k}.widen", 1 if k == 0 else 2))
        inner = F.relu(normed(x, f"stages.{k}.first", 1))
        x = F.relu(x + normed(inner, f"stages.{k}.second", 1))
    return F.linear(x.mean((2, 3)), p["head.weight"], p["head.bias"])


def main():
    p = parameters()
    running = {}
    for name in p:
        if name.endswith("norm.weight"):
            base = name.removesuffix("weight")
            running[base + "running_mean"] = torch.zeros(p[name].shape)
            running[base + "running_var"] = torch.ones(p[name].shape)
    x = formula(99, (ROWS, CHANNELS, HEIGHT, WIDTH), 1.0)
    targets = torch.softmax(formula(98, (ROWS, CLASSES), 2.0), 1)
    logits = forward(p, running, x)
    loss = F.cross_entropy(logits, targets)
    loss.backward()
    print(json.dumps({
        "logits": logits.flatten().tolist(), "loss": loss.item(),
        "gradients": {name: value.grad.flatten().tolist() for name, value in p.items()},
        "running": {name: value.tolist() for name, value in running.items()},
    }))


main()
