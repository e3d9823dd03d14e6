#!/usr/bin/env python3
"""Writes vit_steps.json: 20 optimisation steps of small vision transformers in PyTorch, for vit_steps_test.cpp.

    python3 make_vit_steps.py            # needs torch and numpy; writes beside itself

Weights and images come from integer formulas that the test computes as well, so the file holds settings and results
only: the loss, gradient norm and learning rate of every step, and some elements of every tensor after the last. All
of it is computed in double precision from single-precision inputs; the script prints how far PyTorch in single
precision is from that. Parameters are called as in Heed's checkpoints.
"""
import json
import math
import os
import re

import numpy as np
import torch
import torch.nn.functional as F

CHANNELS, SIDE, IMAGES, STEPS, BATCH = 2, 12, 24, 20, 8
MEAN, DEVIATION = 0.5, 0.25
MODEL = {"dim": 24, "depth": 2, "heads": 3, "mlp_dim": 40, "patch": 4, "norm": "pre", "pool": "class",
         "positions": "learned", "activation": "gelu"}
TRAINING = {"lr": 1e-3, "weight_decay": 0.05, "schedule": "constant", "warmup": 0, "min_lr": 0.0, "clip": 1.0,
            "label_smoothing": 0.0}
OTHER = {"norm": "post", "pool": "mean", "positions": "sinusoidal", "activation": "relu"}
CASES = [
    {"name": "sdpa", "attention": "sdpa", "bias": True, "model": {}, "training": {}},
    {"name": "optimised", "attention": "optimised", "bias": True, "model": {}, "training": {"label_smoothing": 0.1}},
    {"name": "sdpa_post_norm", "attention": "sdpa", "bias": True, "model": OTHER,
     "training": {"schedule": "cosine", "warmup": 5, "min_lr": 1e-5}},
    {"name": "optimised_without_bias", "attention": "optimised", "bias": False,
     "model": {"pool": "mean", "positions": "none", "activation": "gelu_tanh"},
     "training": {"schedule": "linear", "warmup": 4}},
    {"name": "efficient", "attention": "efficient", "bias": True, "model": {}, "training": {}},
    {"name": "efficient_post_norm", "attention": "efficient", "bias": False, "model": OTHER,
     "training": {"schedule": "cosine", "warmup": 5}},
    {"name": "super", "attention": "super", "bias": True, "model": {}, "training": {}},
    {"name": "super_post_norm", "attention": "super", "bias": False, "model": OTHER,
     "training": {"label_smoothing": 0.1}},
]
KERNELS = {"sdpa": ["query", "key", "value", "output"], "optimised": ["query", "key", "output"],
           "efficient": ["query", "output"], "super": ["query", "output"]}


def numbers(count, seed, scale, shift):
    """The numbers of heed::test::numbers in tests/support/kernel_paths.h."""
    state = (seed * 0x9E3779B97F4A7C15 + 1) % 2**64
    values = np.empty(count, np.float32)
    for i in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        values[i] = np.float32((state >> 40) * 2.0**-23 - 1)
    return values * np.float32(scale) + np.float32(shift)


def seed_of(name):
    """32-bit FNV-1a."""
    value = 2166136261
    for byte in name.encode():
        value = (value ^ byte) * 16777619 % 2**32
    return value


def initial(name, shape):
    if name.endswith(".bias") or name.endswith(("class_token", "positions.weight")):
        scale, shift = 0.1, 0.0
    elif "norm" in name:
        scale, shift = 0.1, 1.0
    else:
        scale, shift = 0.25, 0.0
    return torch.from_numpy(numbers(math.prod(shape), seed_of(name), scale, shift).reshape(shape))


def images():
    """Bytes and labels of heed::test::FormulaImages, normalised in single precision."""
    count = IMAGES * CHANNELS * SIDE * SIDE
    pixels = [(i * 2654435761 + 12345) % 2**32 >> 24 for i in range(count)]
    values = np.array(pixels, np.float32) / np.float32(255)
    values = (values - np.float32(MEAN)) / np.float32(DEVIATION)
    labels = [(7 * i + i // 5) % 5 for i in range(IMAGES)]
    return torch.from_numpy(values.reshape(IMAGES, CHANNELS, SIDE, SIDE)), torch.tensor(labels)


def shapes(case, m):
    d, tokens = m["dim"], (SIDE // m["patch"]) ** 2 + (m["pool"] == "class")
    result = {"patch_embedding.projection.weight": (d, CHANNELS * m["patch"] ** 2),
              "patch_embedding.projection.bias": (d,)}
    if m["pool"] == "class":
        result["class_token"] = (d,)
    if m["positions"] == "learned":
        result["positions.weight"] = (tokens, d)
    for i in range(m["depth"]):
        layer = f"encoder.layers.{i}."
        for norm in ("norm1", "norm2"):
            result[f"{layer}{norm}.weight"] = result[f"{layer}{norm}.bias"] = (d,)
        for kernel in KERNELS[case["attention"]]:
            result[f"{layer}attention.{kernel}.weight"] = (d, d)
            if case["bias"]:
                result[f"{layer}attention.{kernel}.bias"] = (d,)
        if case["attention"] == "super":
            result[f"{layer}attention.alignment.weight"] = (tokens, tokens)
        result[f"{layer}mlp.fc1.weight"], result[f"{layer}mlp.fc1.bias"] = (m["mlp_dim"], d), (m["mlp_dim"],)
        result[f"{layer}mlp.fc2.weight"], result[f"{layer}mlp.fc2.bias"] = (d, m["mlp_dim"]), (d,)
    if m["norm"] == "pre":
        result["encoder.norm.weight"] = result["encoder.norm.bias"] = (d,)
    result["head.weight"], result["head.bias"] = (5, d), (5,)
    return result


def sinusoidal(tokens, d):
    angle = torch.arange(tokens, dtype=torch.float64)[:, None] / 10000 ** (torch.arange(0, d, 2) / d)
    return torch.stack([angle.sin(), angle.cos()], -1).reshape(tokens, d).float()


def attention(p, name, x, heads):
    def split(y):
        return y.unflatten(-1, (heads, -1)).transpose(1, 2)

    def kernel(which):
        return F.linear(x, p[f"{name}.{which}.weight"], p.get(f"{name}.{which}.bias"))

    key = kernel("key") if f"{name}.key.weight" in p else x
    value = kernel("value") if f"{name}.value.weight" in p else x
    if f"{name}.alignment.weight" in p:
        value = p[f"{name}.alignment.weight"] @ value
    out = F.scaled_dot_product_attention(split(kernel("query")), split(key), split(value))
    return F.linear(out.transpose(1, 2).flatten(2), p[f"{name}.output.weight"], p.get(f"{name}.output.bias"))


def mlp(p, name, x, activation):
    act = {"gelu": F.gelu, "gelu_tanh": lambda y: F.gelu(y, approximate="tanh"), "relu": F.relu}[activation]
    return F.linear(act(F.linear(x, p[f"{name}.fc1.weight"], p[f"{name}.fc1.bias"])), p[f"{name}.fc2.weight"],
                    p[f"{name}.fc2.bias"])


def forward(p, m, x):
    def norm(name, y):
        return F.layer_norm(y, (m["dim"],), p[f"{name}.weight"], p[f"{name}.bias"])

    kernel = p["patch_embedding.projection.weight"].view(m["dim"], CHANNELS, m["patch"], m["patch"])
    x = F.conv2d(x, kernel, p["patch_embedding.projection.bias"], stride=m["patch"]).flatten(2).transpose(1, 2)
    if m["pool"] == "class":
        x = torch.cat([p["class_token"].expand(len(x), 1, -1), x], 1)
    if m["positions"] == "learned":
        x = x + p["positions.weight"]
    elif m["positions"] == "sinusoidal":
        x = x + sinusoidal(x.shape[1], m["dim"]).to(x)
    for i in range(m["depth"]):
        layer = f"encoder.layers.{i}"
        if m["norm"] == "pre":
            x = x + attention(p, f"{layer}.attention", norm(f"{layer}.norm1", x), m["heads"])
            x = x + mlp(p, f"{layer}.mlp", norm(f"{layer}.norm2", x), m["activation"])
        else:
            x = norm(f"{layer}.norm1", x + attention(p, f"{layer}.attention", x, m["heads"]))
            x = norm(f"{layer}.norm2", x + mlp(p, f"{layer}.mlp", x, m["activation"]))
    if m["norm"] == "pre":
        x = norm("encoder.norm", x)
    return F.linear(x[:, 0] if m["pool"] == "class" else x.mean(1), p["head.weight"], p["head.bias"])


def rate(t, step):
    """Learning rate of a step, counted from 1."""
    if step <= t["warmup"]:
        return t["lr"] * step / t["warmup"]
    progress = (step - t["warmup"]) / (STEPS - t["warmup"])
    share = {"constant": 1.0, "linear": 1 - progress, "cosine": (1 + math.cos(math.pi * progress)) / 2}[t["schedule"]]
    return t["lr"] if t["schedule"] == "constant" else t["min_lr"] + (t["lr"] - t["min_lr"]) * share


def train(case, m, t, dtype):
    p = {name: initial(name, shape).to(dtype).requires_grad_() for name, shape in shapes(case, m).items()}
    exempt = [n for n, v in p.items() if v.dim() == 1 or n.endswith(("positions.weight", "alignment.weight"))]
    decayed, others = [v for n, v in p.items() if n not in exempt], [p[n] for n in exempt]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": t["weight_decay"]},
                                   {"params": others, "weight_decay": 0.0}], lr=t["lr"])
    x, y = images()
    rows = {"loss": [], "gradient_norm": [], "lr": []}
    for step in range(STEPS):
        chosen = torch.arange(step * BATCH, (step + 1) * BATCH) % IMAGES
        optimizer.zero_grad()
        loss = F.cross_entropy(forward(p, m, x[chosen].to(dtype)), y[chosen], label_smoothing=t["label_smoothing"])
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(p.values(), t["clip"])
        for group in optimizer.param_groups:
            group["lr"] = rate(t, step + 1)
        optimizer.step()
        for key, value in (("loss", loss.item()), ("gradient_norm", norm.item()), ("lr", rate(t, step + 1))):
            rows[key].append(value)
    return rows, p


def some_elements(tensor):
    """Up to 12 elements, evenly spread over the tensor."""
    flat = tensor.detach().double().flatten()
    return flat[:: max(1, len(flat) // 12)][:12].tolist()


def text_of(result):
    """JSON with 10 digits and each list of numbers on one line."""
    rounded = json.loads(json.dumps(result), parse_float=lambda text: float(f"{float(text):.10g}"))
    return re.sub(r"\[[^][{}]*\]", lambda m: " ".join(m[0].split()), json.dumps(rounded, indent=1)) + "\n"


def main():
    cases = []
    for case in CASES:
        m, t = MODEL | case["model"], TRAINING | case["training"]
        rows, p = train(case, m, t, torch.float64)
        rough_rows, rough_p = train(case, m, t, torch.float32)
        loss = max(abs(a / b - 1) for a, b in zip(rough_rows["loss"], rows["loss"]))
        weights = max(((rough_p[n].double() - p[n]).abs().max().item(), n) for n in p if not n.endswith("key.bias"))
        print(f"{case['name']}: losses {rows['loss'][0]:.4f} to {rows['loss'][-1]:.4f}, gradient norms "
              f"{min(rows['gradient_norm']):.2f} to {max(rows['gradient_norm']):.2f}; in single precision losses "
              f"{loss:.1e} apart, weights {weights[0]:.1e} ({weights[1]})")
        cases.append({"name": case["name"], "attention": case["attention"], "bias": case["bias"], "model": m,
                      "training": t, "steps": rows, "weights": {name: some_elements(v) for name, v in p.items()}})
    result = {"torch": torch.__version__.split("+")[0], "images": IMAGES, "channels": CHANNELS, "side": SIDE,
              "classes": 5, "batch": BATCH, "mean": MEAN, "deviation": DEVIATION, "cases": cases}
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "vit_steps.json"), "w") as file:
        file.write(text_of(result))


if __name__ == "__main__":
    main()
