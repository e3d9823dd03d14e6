#!/usr/bin/env bash
# Two processes of one thread against one process of two threads, at the same global batch, and the timeline of the gradient exchange.
#
#   bench/ranks.sh [ROUNDS] [SETTING...]
#
# Trains recipes/fashion_mnist/vit.yaml for 40 steps in turns, ROUNDS times (5), and prints the median seconds of a step
# (the first ten left out) of each round and of all, and the last losses. HEED names the program (build/release/bin/heed).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
heed=$(realpath "${HEED:-build/release/bin/heed}")
rounds=${1:-5}
shift || true
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
settings=(train.steps=40 train.test=false data.validation=0 train.watch_every=40 optimizer.schedule=constant "$@")
for ((round = 1; round <= rounds; ++round)); do
  "$heed" train recipes/fashion_mnist/vit.yaml threads=2 run.dir="$scratch/one-$round" "${settings[@]}" 2>/dev/null
  mpirun --oversubscribe -np 2 "$heed" train recipes/fashion_mnist/vit.yaml threads=1 run.dir="$scratch/two-$round" \
    "${settings[@]}" 2>/dev/null
done
python3 - "$scratch" "$rounds" <<'PYTHON'
import json, statistics, sys

def lines(run):
    return [json.loads(line) for line in open(f"{sys.argv[1]}/{run}/metrics.jsonl")]

def seconds(run):
    return [line["seconds"] for line in lines(run) if line["event"] == "step"][10:]

rounds = range(1, int(sys.argv[2]) + 1)
print("round  1 process x 2 threads  2 processes x 1 thread  (median ms a step)")
for i in rounds:
    one, two = (statistics.median(seconds(f"{name}-{i}")) * 1e3 for name in ("one", "two"))
    print(f"{i:5}  {one:21.2f}  {two:22.2f}   {one / two:.1%}")
one, two = (statistics.median(sum((seconds(f"{name}-{i}") for i in rounds), [])) * 1e3 for name in ("one", "two"))
print(f"  all  {one:21.2f}  {two:22.2f}   {one / two:.1%}")
losses = [[line["loss"] for line in lines(f"{name}-1") if line["event"] == "step"] for name in ("one", "two")]
print(f"loss of step 40: {losses[0][-1]:.7f} and {losses[1][-1]:.7f}")
print("\nbucket,bytes,sent_ms,summed_ms  (of step 40, rank 0)")
watch = [line for line in lines("two-1") if line["event"] == "watch"][-1]
for number in range(10**6):
    name = f"exchange.bucket.{number}."
    if name + "bytes" not in watch:
        break
    print(f"{number},{watch[name + 'bytes']:.0f},{watch[name + 'sent'] * 1e3:.2f},{watch[name + 'summed'] * 1e3:.2f}")
print(f"backward ended at {watch['exchange.backward_ended'] * 1e3:.2f} ms, all sums were there at {watch['exchange.ended'] * 1e3:.2f} ms")
PYTHON
