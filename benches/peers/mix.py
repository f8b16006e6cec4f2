"""The forms in which PyTorch code mixes a batch, timed in turn: the peers of `benches/mix.rs`.

    python benches/peers/mix.py            # needs torch; 2 threads

Prints one JSON object: shape -> form -> [median, fastest] milliseconds.
`cargo bench --bench mix -- --alternate` prints the same of ours.
"""

import json
import sys
import time

import torch

THREADS = 2
ROUNDS = 25
LAMBDA = 0.7


def forms(x, permutation, each):
    """Form name -> function. Those marked in place or reused write to buffers that exist."""
    n = x.shape[0]
    column = each.view(n, *[1] * (x.dim() - 1))
    inplace = x.clone()
    output = torch.empty_like(x)

    def timm():  # timm.data.mixup.Mixup, mode batch: the flipped batch is the partner
        flipped = inplace.flip(0).mul_(1.0 - LAMBDA)
        inplace.mul_(LAMBDA).add_(flipped)

    def torchvision():  # torchvision.transforms.v2.MixUp: the batch rolled by one is the partner
        return x.roll(1, 0).mul_(1.0 - LAMBDA).add_(x.mul(LAMBDA))

    def reused():
        torch.index_select(x, 0, permutation, out=output)
        output.lerp_(x, LAMBDA)

    images = x.dim() == 4
    side = int(0.5 * (1 - 0.5) ** 0.5 * x.shape[-1])
    box = slice(x.shape[-1] // 2 - side, x.shape[-1] // 2 + side)

    def timm_cutmix():  # timm.data.mixup.Mixup, mode batch, one box for all, here wholly inside
        inplace[..., box, box] = inplace.flip(0)[..., box, box]

    def torchvision_cutmix():  # torchvision.transforms.v2.CutMix
        rolled = x.roll(1, 0)
        output = x.clone()
        output[..., box, box] = rolled[..., box, box]
        return output

    cuts = {"timm CutMix (one box, in place)": timm_cutmix, "torchvision CutMix (one box)": torchvision_cutmix}
    return (cuts if images else {}) | {
        "mul, add_ (one weight)": lambda: x.mul(LAMBDA).add_(x[permutation], alpha=1.0 - LAMBDA),
        "torchvision (one weight)": torchvision,
        "timm (one weight, in place)": timm,
        "per row": lambda: column * x + (1 - column) * x[permutation],
        "index_select, lerp_ (one weight)": lambda: x.index_select(0, permutation).lerp_(x, LAMBDA),
        "index_select, lerp_ (one weight, reused output)": reused,
        "copy_ (reused output)": lambda: output.copy_(x),
    }


def compiled(x, permutation, each):
    """The per-row form under torch.compile, where a C++ compiler is at hand."""
    column = each.view(x.shape[0], *[1] * (x.dim() - 1))
    mix = torch.compile(lambda x, w, p: w * x + (1 - w) * x[p])
    try:
        mix(x, column, permutation)
    except Exception as error:  # torch raises many types when there is no compiler
        print(f"torch.compile left out: {type(error).__name__}", file=sys.stderr)
        return {}
    return {"per row, torch.compile": lambda: mix(x, column, permutation)}


def alternate(works):
    times = {name: [] for name in works}
    for work in works.values():
        work()
    for _ in range(ROUNDS):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            times[name].append(1e3 * (time.perf_counter() - start))
    return {name: [sorted(t)[len(t) // 2], min(t)] for name, t in times.items()}


def main():
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    result = {}
    for shape in [(256, 3, 224, 224), (32, 128, 768)]:
        x = torch.rand(shape)
        permutation = torch.randperm(shape[0])
        each = torch.rand(shape[0])
        works = forms(x, permutation, each) | compiled(x, permutation, each)
        result["f32 [%s]" % ",".join(map(str, shape))] = alternate(works)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
