#!/usr/bin/env python3
"""The tables of docs/scaling.md: how the time and the cost of a training step follow from the number of GPUs.

    python3 bench/scaling.py

Parameters and multiply-adds are those that `heed check` prints (the commands are in docs/scaling.md); all else is
assumed and stands here.
"""

PEAK = 989e12             # FLOP/s, dense bf16, NVIDIA's data sheet of the H100 SXM
NODE = 8                  # GPUs that NVLink joins
NVLINK = 0.8 * 450e9      # bytes/s each way and GPU: NVLink 4, 900 GB/s both ways; 80 % is reached
NETWORK = 0.8 * 50e9      # bytes/s each way and GPU: InfiniBand NDR, 400 Gb/s a GPU
HOP = 5e-6                # s of a message between nodes, 2 (log2 N) of them in an all-reduce
GRADIENT = 4              # bytes: Heed's gradients are f32
BUCKET = 4 << 20          # bytes, of which the last one cannot hide behind backward

MODELS = (
    # name, parameters, multiply-adds of a sample forward, samples of the global batch, unit,
    # share of the peak that is reached with a large batch, samples a GPU with which half of that is left
    ("ViT-L/16, 224 px", 303.8e6, 61.32e9, 4096, "images", 0.40, 2),
    ("Translator 6 + 6, dim 512, 64 tokens", 60.5e6, 3.90e9, 7200, "pairs", 0.15, 8),
)


def all_reduce(count, size):
    """Seconds of an all-reduce: inside the nodes, then between them, each GPU with its share of the node's sum."""
    inner = min(count, NODE)
    seconds = 2 * (inner - 1) / inner * size / NVLINK
    nodes = count // NODE
    if nodes > 1:
        seconds += 2 * (nodes - 1) / nodes * size / inner / NETWORK
        seconds += 2 * HOP * (nodes - 1).bit_length()
    return seconds


def step(count, batch, parameters, multiplies, rate, half):
    """Seconds of a step, those of communication, and those of it that do not hide behind backward."""
    own = batch / count
    reached = rate * own / (own + half)
    compute = 3 * 2 * multiplies * own / (reached * PEAK)
    size = GRADIENT * parameters
    sums = all_reduce(count, size)
    exposed = max(sums - 2 / 3 * compute, all_reduce(count, min(size, BUCKET)))
    return compute + exposed, sums, exposed


def main():
    for name, parameters, multiplies, batch, unit, rate, half in MODELS:
        print(f"\n**{name}**, {parameters / 1e6:.1f} million parameters, {GRADIENT * parameters / 1e6:.0f} MB of gradients,"
              f" a global batch of {batch} {unit}\n")
        print(f"| GPUs | {unit} a GPU | ms a step | of these all-reduce | not hidden | {unit}/s | cost of the same training |")
        print("|---:|---:|---:|---:|---:|---:|---:|")
        base = None
        for count in (8, 16, 32, 64, 128, 256, 512, 1024):
            seconds, sums, exposed = step(count, batch, parameters, multiplies, rate, half)
            base = base or seconds * count
            print(f"| {count} | {batch / count:.0f} | {seconds * 1e3:.1f} | {sums * 1e3:.1f} | {exposed * 1e3:.1f} |"
                  f" {batch / seconds:,.0f} | {seconds * count / base:.2f} |")


if __name__ == "__main__":
    main()
