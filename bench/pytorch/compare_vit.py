#!/usr/bin/env python3
"""Training steps of the three ViT sizes: Heed against PyTorch, in alternation.

    compare_vit.py --heed BUILD/bin/bench/bench_training_step --peer FOLDER [--python PYTHON] [--rounds 5]

The speed of a shared machine drifts by more than the difference that is asked for. So every round runs Heed and each
form of PyTorch once, a few seconds each, one after the other, and what counts is the median over the rounds of the
ratio within a round. FOLDER holds PyTorch's program vit.py, which prints one JSON line with "wall_ms", "best_ms" and
"cpu_ms"; PYTHON is an interpreter that has torch. The forms of PyTorch:

    fused           AdamW in its fused form
    default         AdamW as it comes
    fused+malloc    fused, and the C library told never to give memory back (faster for large batches)
    default+malloc

A ratio is Heed's time over PyTorch's: below 1, Heed is faster. "wall" is the clock, "cpu" the processor time of all
threads, which other programs on the machine disturb less; with passive waiting both are comparable.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

MALLOC = ("glibc.malloc.mmap_threshold=8589934592:glibc.malloc.trim_threshold=17179869184:"
          "glibc.malloc.top_pad=268435456")
FORMS = ("fused", "default", "fused+malloc", "default+malloc")


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--heed", required=True, help="the program bench_training_step")
    p.add_argument("--peer", required=True, help="folder of PyTorch's program vit.py")
    p.add_argument("--python", default=sys.executable, help="a Python that has torch")
    p.add_argument("--cfg", nargs="+", default=["mnist", "cifar", "tiny16"], choices=["mnist", "cifar", "tiny16"])
    p.add_argument("--forms", nargs="+", default=["fused", "default", "fused+malloc"], choices=FORMS)
    p.add_argument("--attention", default="sdpa", help="attention type of Heed (PyTorch's is always sdpa)")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--seconds", type=float, default=3.0, help="measuring time of each run")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--wait", default="passive", choices=["passive", "active"], help="OMP_WAIT_POLICY of both")
    p.add_argument("--log", help="file to which every JSON line is appended")
    return p.parse_args()


def run(command, environment, log):
    """The JSON line of one run."""
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    line = done.stdout.strip().splitlines()[-1]
    if log:
        with open(log, "a") as file:
            file.write(line + "\n")
    result = json.loads(line)
    return {"wall": result.get("wall_ms", result["ms"]), "best": result["best_ms"], "cpu": result["cpu_ms"]}


def heed_run(a, cfg):
    command = [a.heed, "--cfg", cfg, "--seconds", str(a.seconds), "--threads", str(a.threads),
               "--attention", a.attention, "--tag", "heed"]
    return run(command, dict(os.environ, OMP_WAIT_POLICY=a.wait), a.log)


def peer_run(a, cfg, form):
    optimizer, _, malloc = form.partition("+")
    environment = dict(os.environ, OMP_WAIT_POLICY=a.wait)
    if malloc:
        environment["GLIBC_TUNABLES"] = MALLOC
    batch = {"mnist": 64, "cifar": 64, "tiny16": 16}[cfg]
    command = [a.python, os.path.join(a.peer, "vit.py"), "--cfg", cfg, "--batch", str(batch), "--opt", optimizer,
               "--seconds", str(a.seconds), "--threads", str(a.threads), "--tag", form]
    return run(command, environment, a.log)


def compare(a, cfg):
    runs = {form: [] for form in ["heed", *a.forms]}
    for _ in range(a.rounds):
        runs["heed"].append(heed_run(a, cfg))
        for form in a.forms:
            runs[form].append(peer_run(a, cfg, form))
    median = {form: {key: statistics.median(r[key] for r in rows) for key in ("wall", "cpu")}
              for form, rows in runs.items()}
    best = {form: min(r["best"] for r in rows) for form, rows in runs.items()}
    print(f"{cfg} ({a.rounds} rounds of {a.seconds:g} s, {a.threads} threads, {a.wait} waiting)")
    print(f"  {'':16}{'wall ms':>9}{'best ms':>9}{'cpu ms':>9}  ratio {'wall':>6}{'best':>7}{'cpu':>7}")
    for form, rows in runs.items():
        line = f"  {form:16}{median[form]['wall']:9.1f}{best[form]:9.1f}{median[form]['cpu']:9.1f}"
        if form != "heed":
            ratio = {key: statistics.median(h[key] / r[key] for h, r in zip(runs["heed"], rows))
                     for key in ("wall", "cpu")}
            line += f"        {ratio['wall']:6.2f}{best['heed'] / best[form]:7.2f}{ratio['cpu']:7.2f}"
        print(line, flush=True)


def main():
    a = arguments()
    for cfg in a.cfg:
        compare(a, cfg)


if __name__ == "__main__":
    main()
