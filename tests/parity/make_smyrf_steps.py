#!/usr/bin/env python3
"""Writes smyrf_steps.json: 20 optimisation steps of a small vision transformer with SMYRF attention in PyTorch, and the
orders into which its hashing puts some tokens, for smyrf_steps_test.cpp.

    python3 make_smyrf_steps.py          # needs torch and numpy; writes beside itself

A single rounding difference can swap two sorted tokens, so the steps use orders from an integer formula, other ones at
each step, which the test computes as well; hashing is stored apart. Everything else is as in make_vit_steps.py.
"""
import os

import numpy as np
import torch
import torch.nn.functional as F

import make_vit_steps as vit

ROUNDS, CLUSTER = 2, 4
HASHING = {"batch": 2, "heads": 2, "tokens": 24, "head_dim": 5, "rounds": 2, "cluster": 5, "lengths": [24, 17]}


def borders(tokens, chunks):
    return [c * tokens // chunks for c in range(chunks + 1)]


def order_of(tokens, seed):
    """Tokens by their numbers from the formula."""
    return np.argsort(vit.numbers(tokens, seed, 1, 0), kind="stable")


def counts_of(batch, heads, tokens, first_seed):
    """In how many rounds a query and a key share a chunk: [batch, heads, tokens, tokens]."""
    counts = np.zeros((batch, heads, tokens, tokens))
    edges = borders(tokens, -(-tokens // CLUSTER))
    for place in range(batch * heads * ROUNDS):
        queries, keys = (order_of(tokens, first_seed + 2 * place + role) for role in (0, 1))
        head = counts[place // ROUNDS // heads, place // ROUNDS % heads]
        for begin, end in zip(edges, edges[1:]):
            head[np.ix_(queries[begin:end], keys[begin:end])] += 1
    return torch.from_numpy(counts)


class Attention:
    """Stands in for the attention of make_vit_steps.py; counts its calls to know step and layer."""

    def __init__(self, depth):
        self.depth, self.calls, self.kept = depth, 0, {}

    def __call__(self, p, name, x, heads):
        def split(y):
            return y.unflatten(-1, (heads, -1)).transpose(1, 2)

        def kernel(which):
            return split(F.linear(x, p[f"{name}.{which}.weight"], p[f"{name}.{which}.bias"]))

        batch, tokens, _ = x.shape
        call, self.calls = self.calls, self.calls + 1
        if call not in self.kept:
            self.kept[call] = counts_of(batch, heads, tokens, 100000 + call * batch * heads * ROUNDS * 2)
        query, key, value = kernel("query"), kernel("key"), kernel("value")
        scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
        weights = torch.softmax(scores + self.kept[call].log().to(scores), -1)
        out = (weights @ value).transpose(1, 2).flatten(2)
        return F.linear(out, p[f"{name}.output.weight"], p[f"{name}.output.bias"])


def hashing():
    """Orders of tokens by the asymmetric transforms of the paper along directions from the formula; keys less their mean."""
    h = HASHING
    shape = (h["batch"], h["tokens"], h["heads"], h["head_dim"])
    query, key = (vit.numbers(int(np.prod(shape)), seed, 1, 0).reshape(shape).astype(np.float64) for seed in (11, 12))
    directions = vit.numbers(h["rounds"] * h["heads"] * (h["head_dim"] + 2), 13, 2, 0).astype(np.float64).reshape(
        h["rounds"], h["heads"], h["head_dim"] + 2)
    orders, gap = {"queries": [], "keys": []}, np.inf
    for b, length in enumerate(h["lengths"]):
        for head in range(h["heads"]):
            q, k = query[b, :length, head], key[b, :length, head]
            k = k - k.mean(0)
            lengths = [(x ** 2).sum(1, keepdims=True) for x in (q, k)]
            square = lengths[0].max() + lengths[1].max()
            added = [np.sqrt(np.maximum(square - x, 0)) for x in lengths]
            f = np.concatenate([q, np.zeros((length, 1)), added[0]], 1)
            g = np.concatenate([k, added[1], np.zeros((length, 1))], 1)
            for r in range(h["rounds"]):
                for name, rows in (("queries", f), ("keys", g)):
                    hashes = rows @ directions[r, head]
                    gap = min(gap, np.diff(np.sort(hashes)).min())
                    orders[name] += np.argsort(hashes, kind="stable").tolist() + list(range(length, h["tokens"]))
    print(f"hashing: neighbours at least {gap:.1e} apart")
    return h | orders


def main():
    case = {"attention": "sdpa", "bias": True}
    m, t = vit.MODEL, vit.TRAINING
    vit.attention = Attention(m["depth"])
    rows, p = vit.train(case, m, t, torch.float64)
    vit.attention.calls = 0
    rough_rows, _ = vit.train(case, m, t, torch.float32)
    loss = max(abs(a / b - 1) for a, b in zip(rough_rows["loss"], rows["loss"]))
    print(f"smyrf: losses {rows['loss'][0]:.4f} to {rows['loss'][-1]:.4f}; in single precision {loss:.1e} apart")
    result = {"torch": torch.__version__.split("+")[0], "images": vit.IMAGES, "channels": vit.CHANNELS,
              "side": vit.SIDE, "classes": 5, "batch": vit.BATCH, "mean": vit.MEAN, "deviation": vit.DEVIATION,
              "rounds": ROUNDS, "cluster": CLUSTER, "model": m, "training": t, "steps": rows,
              "weights": {name: vit.some_elements(v) for name, v in p.items()}, "hashing": hashing()}
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "smyrf_steps.json"), "w") as file:
        file.write(vit.text_of(result))


if __name__ == "__main__":
    main()
