#!/usr/bin/env python3
"""Writes text_steps.json: 20 optimisation steps of small text classifiers and translators in PyTorch, for
text_steps_test.cpp.

    python3 make_text_steps.py           # needs torch and numpy; writes beside itself

Weights and texts come from integer formulas that the test computes as well; what is stored, and in which precision it
is computed, is told in make_vit_steps.py.
"""
import json
import math
import os

import torch
import torch.nn.functional as F

from make_vit_steps import KERNELS, initial, mlp, sinusoidal, some_elements, text_of

TEXTS, STEPS, BATCH, CLASSES = 24, 20, 8, 3
VOCABULARY, TARGET_VOCABULARY, TOKENS, TARGET_TOKENS = 29, 31, 9, 7
MAX_TOKENS, MAX_TARGET_TOKENS = 11, 8  # of the model: more than any text has
TRAINING = {"lr": 1e-3, "weight_decay": 0.05, "clip": 1.0, "label_smoothing": 0.0}
CLASSIFIER = {"dim": 24, "depth": 2, "heads": 3, "mlp_dim": 40, "hidden": 10, "norm": "post", "pool": "mean",
              "positions": "learned", "activation": "relu", "scale_embedding": False}
TRANSLATOR = {"dim": 24, "encoder_depth": 1, "decoder_depth": 2, "heads": 3, "mlp_dim": 40, "norm": "pre",
              "positions": "sinusoidal", "activation": "relu", "tie": "target"}
CASES = [
    {"name": "classifier", "kind": "classifier", "attention": ["sdpa"], "model": {}, "training": {}},
    {"name": "classifier_super", "kind": "classifier", "attention": ["super"], "model": {},
     "training": {"label_smoothing": 0.1}},
    {"name": "classifier_pre_norm", "kind": "classifier", "attention": ["optimised"],
     "model": {"norm": "pre", "pool": "class", "positions": "sinusoidal", "activation": "gelu_tanh", "hidden": 0,
               "scale_embedding": True}, "training": {}},
    {"name": "translator", "kind": "translator", "attention": ["sdpa"] * 3, "model": {},
     "training": {"label_smoothing": 0.1}},
    {"name": "translator_post_norm", "kind": "translator", "attention": ["optimised", "super", "efficient"],
     "model": {"norm": "post", "positions": "learned", "activation": "gelu", "tie": "all"},
     "training": {"label_smoothing": 0.1}},
    {"name": "translator_untied", "kind": "translator", "attention": ["super", "efficient", "super"],
     "model": {"positions": "none", "tie": "none"}, "training": {}},
]


def texts(lengths, tokens, vocabulary, seed):
    """The ids of heed::test::FormulaTexts in tests/layers/formula_texts.h, and which of them are real."""
    state, ids = seed * 2654435761 % 2**32, []
    for length in lengths:
        for t in range(tokens):
            state = (state * 1664525 + 1013904223) % 2**32
            ids.append((state >> 8) % vocabulary if t < length else 0)
    real = torch.arange(tokens) < torch.tensor(lengths)[:, None]
    return torch.tensor(ids).view(len(lengths), tokens), real


def source_lengths():
    return [1 + 5 * i % TOKENS for i in range(TEXTS)]


def target_lengths():
    return [1 + 3 * i % TARGET_TOKENS for i in range(TEXTS)]


def labels():
    return torch.tensor([(7 * i + i // 5) % CLASSES for i in range(TEXTS)])


def source_vocabulary(m):
    return TARGET_VOCABULARY if m.get("tie") == "all" else VOCABULARY


def block_shapes(layer, m, places):
    """`places`: (name of the attention, type, most keys) of each attention of the block."""
    d, result = m["dim"], {}
    for i in range(len(places) + 1):
        result[f"{layer}norm{i + 1}.weight"] = result[f"{layer}norm{i + 1}.bias"] = (d,)
    for name, attention, keys in places:
        for kernel in KERNELS[attention]:
            result[f"{layer}{name}.{kernel}.weight"], result[f"{layer}{name}.{kernel}.bias"] = (d, d), (d,)
        if attention == "super":
            result[f"{layer}{name}.alignment.weight"] = (keys, keys)
    result[f"{layer}mlp.fc1.weight"], result[f"{layer}mlp.fc1.bias"] = (m["mlp_dim"], d), (m["mlp_dim"],)
    result[f"{layer}mlp.fc2.weight"], result[f"{layer}mlp.fc2.bias"] = (d, m["mlp_dim"]), (d,)
    return result


def classifier_shapes(case, m):
    d, places = m["dim"], MAX_TOKENS + (m["pool"] == "class")
    result = {"embedding.weight": (VOCABULARY, d)}
    if m["pool"] == "class":
        result["input.class_token"] = (d,)
    if m["positions"] == "learned":
        result["input.positions.weight"] = (places, d)
    for i in range(m["depth"]):
        result |= block_shapes(f"encoder.layers.{i}.", m, [("attention", case["attention"][0], places)])
    if m["norm"] == "pre":
        result["encoder.norm.weight"] = result["encoder.norm.bias"] = (d,)
    if m["hidden"]:
        result["hidden.weight"], result["hidden.bias"] = (m["hidden"], d), (m["hidden"],)
    result["head.weight"], result["head.bias"] = (CLASSES, m["hidden"] or d), (CLASSES,)
    return result


def translator_shapes(case, m):
    d, (encoder, decoder, cross) = m["dim"], case["attention"]
    if m["tie"] == "all":
        result = {"embedding.weight": (TARGET_VOCABULARY, d)}
    else:
        result = {"source_embedding.weight": (VOCABULARY, d), "target_embedding.weight": (TARGET_VOCABULARY, d)}
    if m["positions"] == "learned":
        result["source.positions.weight"] = (MAX_TOKENS, d)
        result["target.positions.weight"] = (MAX_TARGET_TOKENS, d)
    for i in range(m["encoder_depth"]):
        result |= block_shapes(f"encoder.layers.{i}.", m, [("attention", encoder, MAX_TOKENS)])
    for i in range(m["decoder_depth"]):
        result |= block_shapes(f"decoder.layers.{i}.", m, [("self_attention", decoder, MAX_TARGET_TOKENS),
                                                                      ("cross_attention", cross, MAX_TOKENS)])
    for stack in ("encoder", "decoder"):
        if m["norm"] == "pre":
            result[f"{stack}.norm.weight"] = result[f"{stack}.norm.bias"] = (d,)
    if m["tie"] == "none":
        result["head.weight"], result["head.bias"] = (TARGET_VOCABULARY, d), (TARGET_VOCABULARY,)
    return result


def attention(p, name, x, source, real, heads, causal):
    """Queries of x, keys and values of source, of which only the real ones are seen."""
    def split(y):
        return y.unflatten(-1, (heads, -1)).transpose(1, 2)

    def kernel(which, y):
        return F.linear(y, p[f"{name}.{which}.weight"], p[f"{name}.{which}.bias"])

    key = kernel("key", source) if f"{name}.key.weight" in p else source
    value = kernel("value", source) if f"{name}.value.weight" in p else source
    n = source.shape[1]
    if f"{name}.alignment.weight" in p:
        mix = p[f"{name}.alignment.weight"][:n, :n]
        value = (mix.tril() if causal else mix) @ (source * real[..., None])
    mask = real[:, None, None, :]
    if causal:
        mask = mask & torch.ones(n, n, dtype=torch.bool).tril()
    out = F.scaled_dot_product_attention(split(kernel("query", x)), split(key), split(value), attn_mask=mask)
    return kernel("output", out.transpose(1, 2).flatten(2))


def stack(p, name, m, depth, x, branches):
    """Blocks of residual branches: `branches(layer)` gives the attention branches of a block."""
    def norm(which, y):
        return F.layer_norm(y, (m["dim"],), p[f"{which}.weight"], p[f"{which}.bias"])

    for i in range(depth):
        layer = f"{name}.layers.{i}"
        parts = branches(layer) + [lambda y, layer=layer: mlp(p, f"{layer}.mlp", y, m["activation"])]
        for j, branch in enumerate(parts):
            which = f"{layer}.norm{j + 1}"
            x = x + branch(norm(which, x)) if m["norm"] == "pre" else norm(which, x + branch(x))
    return norm(f"{name}.norm", x) if m["norm"] == "pre" else x


def encoder(p, m, depth, x, real):
    return stack(p, "encoder", m, depth, x,
                 lambda layer: [lambda y: attention(p, f"{layer}.attention", y, y, real, m["heads"], False)])


def with_positions(p, m, name, x):
    if m["positions"] == "learned":
        return x + p[f"{name}.positions.weight"][:x.shape[1]]
    return x + sinusoidal(x.shape[1], m["dim"]).to(x) if m["positions"] == "sinusoidal" else x


def classify(p, m, ids, real):
    x = F.embedding(ids, p["embedding.weight"]) * (math.sqrt(m["dim"]) if m["scale_embedding"] else 1)
    if m["pool"] == "class":
        x = torch.cat([p["input.class_token"].expand(len(x), 1, -1), x], 1)
        real = F.pad(real, (1, 0), value=True)
    x = encoder(p, m, m["depth"], with_positions(p, m, "input", x), real)
    x = x[:, 0] if m["pool"] == "class" else (x * real[..., None]).sum(1) / real.sum(1, keepdim=True)
    if m["hidden"]:
        x = F.relu(F.linear(x, p["hidden.weight"], p["hidden.bias"]))
    return F.linear(x, p["head.weight"], p["head.bias"])


def translate(p, m, ids, real, target):
    def table(name):
        return p["embedding.weight" if m["tie"] == "all" else f"{name}_embedding.weight"]

    def tokens(name, y):
        return with_positions(p, m, name, F.embedding(y, table(name)) * math.sqrt(m["dim"]))

    memory = encoder(p, m, m["encoder_depth"], tokens("source", ids), real)
    target_ids, target_real = target

    def branches(layer):
        return [lambda y: attention(p, f"{layer}.self_attention", y, y, target_real, m["heads"], True),
                lambda y: attention(p, f"{layer}.cross_attention", y, memory, real, m["heads"], False)]

    x = stack(p, "decoder", m, m["decoder_depth"], tokens("target", target_ids), branches)
    return F.linear(x, p["head.weight"], p["head.bias"]) if m["tie"] == "none" else F.linear(x, table("target"))


def train(case, m, t, dtype):
    translates = case["kind"] == "translator"
    shapes = (translator_shapes if translates else classifier_shapes)(case, m)
    p = {name: initial(name, shape).to(dtype).requires_grad_() for name, shape in shapes.items()}
    exempt = [n for n, v in p.items() if v.dim() == 1 or
              n.endswith(("embedding.weight", "positions.weight", "alignment.weight"))]
    decayed, others = [v for n, v in p.items() if n not in exempt], [p[n] for n in exempt]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": t["weight_decay"]},
                                   {"params": others, "weight_decay": 0.0}], lr=t["lr"])
    ids, real = texts(source_lengths(), TOKENS, source_vocabulary(m), 1)
    target, target_real = texts(target_lengths(), TARGET_TOKENS, TARGET_VOCABULARY, 2)
    following = torch.where(target_real, (target + 1) % TARGET_VOCABULARY, -1)
    rows = {"loss": [], "gradient_norm": []}
    for step in range(STEPS):
        chosen = torch.arange(step * BATCH, (step + 1) * BATCH) % TEXTS
        optimizer.zero_grad()
        if translates:
            logits = translate(p, m, ids[chosen], real[chosen], (target[chosen], target_real[chosen]))
            wanted = following[chosen]
        else:
            logits, wanted = classify(p, m, ids[chosen], real[chosen]), labels()[chosen]
        loss = F.cross_entropy(logits.flatten(0, -2), wanted.flatten(), ignore_index=-1,
                               label_smoothing=t["label_smoothing"])
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(p.values(), t["clip"])
        optimizer.step()
        rows["loss"].append(loss.item())
        rows["gradient_norm"].append(norm.item())
    return rows, p


def main():
    cases = []
    for case in CASES:
        m = (TRANSLATOR if case["kind"] == "translator" else CLASSIFIER) | case["model"]
        t = TRAINING | case["training"]
        rows, p = train(case, m, t, torch.float64)
        rough_rows, rough_p = train(case, m, t, torch.float32)
        loss = max(abs(a / b - 1) for a, b in zip(rough_rows["loss"], rows["loss"]))
        weights = max(((rough_p[n].double() - p[n]).abs().max().item(), n) for n in p if not n.endswith("key.bias"))
        print(f"{case['name']}: losses {rows['loss'][0]:.4f} to {rows['loss'][-1]:.4f}, gradient norms "
              f"{min(rows['gradient_norm']):.2f} to {max(rows['gradient_norm']):.2f}; in single precision losses "
              f"{loss:.1e} apart, weights {weights[0]:.1e} ({weights[1]})")
        cases.append({"name": case["name"], "kind": case["kind"], "attention": case["attention"], "model": m,
                      "training": t, "vocabulary": source_vocabulary(m), "steps": rows,
                      "weights": {name: some_elements(v) for name, v in p.items()}})
    result = {"torch": torch.__version__.split("+")[0], "batch": BATCH, "classes": CLASSES,
              "target_vocabulary": TARGET_VOCABULARY, "tokens": TOKENS, "target_tokens": TARGET_TOKENS,
              "max_tokens": MAX_TOKENS, "max_target_tokens": MAX_TARGET_TOKENS, "lengths": source_lengths(),
              "target_lengths": target_lengths(), "labels": labels().tolist(), "cases": cases}
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "text_steps.json"), "w") as file:
        file.write(text_of(result))


if __name__ == "__main__":
    main()
