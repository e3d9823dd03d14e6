#!/usr/bin/env python3
"""PyTorch on a card: training steps (forward, backward, fused AdamW) of the models that bench/gpu.sh times in Heed.

    gpu.py [--case copy vit_b16 classifier translator] [--form f32 tf32 bf16 ...] [--seconds S] [--tiny] [--device cuda]

The cases and their sizes are those of bench_training_step --cfg vit_b16 and bench_text_step --size base: pre-norm blocks,
attention by F.scaled_dot_product_attention, random data, no dropout. The forms:

    f32, tf32               eager, products of f32 in full, or in tf32
    bf16                    eager, autocast to bfloat16
    tf32+compile, bf16+compile    the same through torch.compile; its time is "first_s"

`copy` measures what the card reaches in a copy on the card (bytes read and written) and in a product of 8192 x 8192
matrices. One JSON line each; times are medians over chunks of steps, each ended by waiting for the card. --tiny makes
everything small, for a trial on a processor.
"""
import argparse
import json
import statistics
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

FORMS = ["f32", "tf32", "bf16", "tf32+compile", "bf16+compile"]


class Attention(nn.Module):
    """Multi-head attention of x, to itself or to a memory."""

    def __init__(self, dim, heads, cross=False):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(dim, dim) if cross else None
        self.packed = nn.Linear(dim, (2 if cross else 3) * dim)
        self.out = nn.Linear(dim, dim)

    def split(self, x, parts):
        batch, tokens, _ = x.shape
        return x.view(batch, tokens, parts, self.heads, -1).permute(2, 0, 3, 1, 4)

    def forward(self, x, memory=None, causal=False):
        if self.query is None:
            q, k, v = self.split(self.packed(x), 3)
        else:
            q, (k, v) = self.split(self.query(x), 1)[0], self.split(self.packed(memory), 2)
        heads = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return self.out(heads.transpose(1, 2).reshape(x.shape))


class Block(nn.Module):
    """A pre-norm block of an encoder, or of a decoder, which reads a memory as well."""

    def __init__(self, dim, heads, mlp_dim, activation, decoder=False):
        super().__init__()
        self.decoder = decoder
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(3 if decoder else 2))
        self.attention = Attention(dim, heads)
        self.cross = Attention(dim, heads, cross=True) if decoder else None
        self.mlp = nn.Sequential(nn.Linear(dim, mlp_dim), activation(), nn.Linear(mlp_dim, dim))

    def forward(self, x, memory=None):
        x = x + self.attention(self.norms[0](x), causal=self.decoder)
        if self.decoder:
            x = x + self.cross(self.norms[1](x), memory)
        return x + self.mlp(self.norms[-1](x))


class Vit(nn.Module):
    def __init__(self, image, patch, dim, heads, depth, mlp_dim, classes):
        super().__init__()
        self.patches = nn.Conv2d(3, dim, patch, patch)
        self.class_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.positions = nn.Parameter(0.02 * torch.randn(1, (image // patch) ** 2 + 1, dim))
        self.blocks = nn.ModuleList(Block(dim, heads, mlp_dim, nn.GELU) for _ in range(depth))
        self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, classes)

    def forward(self, images):
        x = self.patches(images).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_token.expand(len(x), -1, -1).to(x.dtype), x], 1) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x[:, 0]))


class Classifier(nn.Module):
    def __init__(self, vocabulary, tokens, dim, heads, depth, mlp_dim):
        super().__init__()
        self.words = nn.Embedding(vocabulary, dim)
        self.positions = nn.Parameter(0.02 * torch.randn(1, tokens, dim))
        self.blocks = nn.ModuleList(Block(dim, heads, mlp_dim, nn.GELU) for _ in range(depth))
        self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, 2)

    def forward(self, ids):
        x = self.words(ids) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x).mean(1))


class Translator(nn.Module):
    """One table of words for source, target and the last layer."""

    def __init__(self, vocabulary, tokens, dim, heads, depth, mlp_dim):
        super().__init__()
        self.words = nn.Embedding(vocabulary, dim)
        nn.init.normal_(self.words.weight, std=dim ** -0.5)
        self.positions = nn.Parameter(0.02 * torch.randn(1, tokens, dim))
        self.encoder = nn.ModuleList(Block(dim, heads, mlp_dim, nn.ReLU) for _ in range(depth))
        self.decoder = nn.ModuleList(Block(dim, heads, mlp_dim, nn.ReLU, decoder=True) for _ in range(depth))
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(2))

    def embed(self, ids):
        return self.words(ids) * self.words.weight.shape[1] ** 0.5 + self.positions

    def forward(self, source, target):
        memory = self.embed(source)
        for block in self.encoder:
            memory = block(memory)
        memory = self.norms[0](memory)
        x = self.embed(target)
        for block in self.decoder:
            x = block(x, memory)
        return F.linear(self.norms[1](x), self.words.weight)


def block_products(tokens, dim, mlp_dim, memory=0):
    """Multiply-adds of one forward pass of a block over one sequence."""
    self_attention = 4 * tokens * dim * dim + 2 * tokens * tokens * dim
    cross = 2 * (tokens + memory) * dim * dim + 2 * tokens * memory * dim if memory else 0
    return self_attention + cross + 2 * tokens * dim * mlp_dim


def vit_b16(a):
    image, patch, dim, heads, depth, mlp_dim, classes, batch = (
        (32, 16, 64, 4, 2, 128, 10, 4) if a.tiny else (224, 16, 768, 12, 12, 3072, 1000, 128))
    batch = a.batch or batch
    model = Vit(image, patch, dim, heads, depth, mlp_dim, classes).to(a.device)
    images = torch.randn(batch, 3, image, image, device=a.device)
    labels = torch.randint(classes, (batch,), device=a.device)
    patches = (image // patch) ** 2
    products = (patches * 3 * patch * patch * dim + depth * block_products(patches + 1, dim, mlp_dim) + dim * classes)
    return model, lambda: F.cross_entropy(model(images), labels), batch * products, batch, batch, "images"


def classifier(a):
    vocabulary, tokens, dim, heads, depth, mlp_dim, batch = (
        (100, 16, 64, 4, 2, 128, 4) if a.tiny else (30522, 512, 768, 12, 12, 3072, 32))
    batch = a.batch or batch
    model = Classifier(vocabulary, tokens, dim, heads, depth, mlp_dim).to(a.device)
    ids = torch.randint(vocabulary, (batch, tokens), device=a.device)
    labels = torch.randint(2, (batch,), device=a.device)
    products = depth * block_products(tokens, dim, mlp_dim) + 2 * dim
    return model, lambda: F.cross_entropy(model(ids), labels), batch * products, batch, batch * tokens, "tokens"


def translator(a):
    vocabulary, tokens, dim, heads, depth, mlp_dim, batch = (
        (100, 16, 64, 4, 2, 128, 4) if a.tiny else (32000, 64, 512, 8, 6, 2048, 128))
    batch = a.batch or batch
    model = Translator(vocabulary, tokens, dim, heads, depth, mlp_dim).to(a.device)
    source, target, wanted = (torch.randint(vocabulary, (batch, tokens), device=a.device) for _ in range(3))
    products = (depth * (block_products(tokens, dim, mlp_dim) + block_products(tokens, dim, mlp_dim, tokens))
                + tokens * dim * vocabulary)

    def loss():
        return F.cross_entropy(model(source, target).flatten(0, 1), wanted.flatten(), label_smoothing=0.1)

    return model, loss, batch * products, batch, batch * tokens, "target tokens"


CASES = {"vit_b16": vit_b16, "classifier": classifier, "translator": translator}


def wait(a):
    if a.device == "cuda":
        torch.cuda.synchronize()


def median_seconds(a, step, seconds):
    """Of a step, over chunks of about a quarter of a second."""
    for _ in range(3):
        step()
    wait(a)
    start = time.perf_counter()
    step()
    wait(a)
    chunk = max(1, int(0.25 / (time.perf_counter() - start)))
    times, start = [], time.perf_counter()
    while len(times) < 3 or time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        for _ in range(chunk):
            step()
        wait(a)
        times.append((time.perf_counter() - begin) / chunk)
    return statistics.median(times)


def rounded(line):
    return json.dumps({key: float(f"{value:.5g}") if isinstance(value, float) else value for key, value in line.items()})


def run_case(a, case, form):
    precision, _, compiled = form.partition("+")
    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
    model, loss, products, batch, items, unit = CASES[case](a)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    forward = torch.compile(loss, dynamic=False) if compiled else loss

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(a.device, dtype=torch.bfloat16, enabled=precision == "bf16"):
            value = forward()
        value.backward()
        optimizer.step()

    start = time.perf_counter()
    step()
    wait(a)
    first = time.perf_counter() - start
    if a.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    seconds = median_seconds(a, step, a.seconds)
    peak = torch.cuda.max_memory_allocated() / 2**20 if a.device == "cuda" else 0
    print(rounded({"by": "pytorch", "bench": case, "device": a.device, "precision": precision,
                   "form": "compile" if compiled else "eager", "batch": batch, "ms": 1e3 * seconds,
                   "per_s": items / seconds, "unit": unit, "gflops": 6e-9 * products / seconds, "peak_mb": peak,
                   "first_s": first, "params": sum(p.numel() for p in model.parameters())}), flush=True)


def run_copy(a):
    size, side = (1 << 20, 128) if a.tiny else (1 << 30, 8192)
    source = torch.randn(size, device=a.device)
    target = torch.empty_like(source)
    seconds = median_seconds(a, lambda: target.copy_(source), 0.5)
    print(rounded({"by": "pytorch", "bench": "copy", "device": a.device, "gb_per_s": 8e-9 * size / seconds}), flush=True)
    del source, target
    for precision in ("f32", "tf32", "bf16"):
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        x, y = (torch.randn(side, side, device=a.device).to(torch.bfloat16 if precision == "bf16" else torch.float32)
                for _ in range(2))
        seconds = median_seconds(a, lambda: x @ y, 0.5)
        print(rounded({"by": "pytorch", "bench": "product", "device": a.device, "precision": precision,
                       "gflops": 2e-9 * side**3 / seconds}), flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--case", nargs="+", default=["copy", *CASES], choices=["copy", *CASES])
    p.add_argument("--form", nargs="+", default=FORMS, choices=FORMS)
    p.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    p.add_argument("--batch", type=int, default=0, help="0: the case's own")
    p.add_argument("--seconds", type=float, default=3.0, help="measuring time of each form")
    p.add_argument("--tiny", action="store_true")
    a = p.parse_args()
    for case in a.case:
        if case == "copy":
            run_copy(a)
            continue
        for form in a.form:
            run_case(a, case, form)
            if a.device == "cuda":
                torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
