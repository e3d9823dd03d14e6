#!/usr/bin/env bash
# One script for the first minutes on an NVIDIA card: what it is, the tests, three trainings, speed, and PyTorch beside it.
#
#   bench/gpu.sh [OPTION...] [query] [tests] [trainings] [throughput] [attention] [kernels] [peer]      (default: all, in this order)
#   bench/gpu.sh --bundle FILE.tar.xz [--programs FOLDER] [--tests FOLDER]     packs the programs, their libraries and this script for a machine with a card
#
#   query        card, driver, memory; what a copy and a large product reach, by PyTorch where python3 has it
#   tests        every program *_cuda*_tests of the folder --tests, all at once
#   trainings    20 steps of an image, a text and a translation model in each precision: the losses of the device against the processor's
#   throughput   training steps of ViT-B/16, a classifier as large as BERT-base, a base translator
#   attention    the kernels of attention alone, and SMYRF against sdpa
#   kernels      which kernels a step of ViT-B/16 spends its time in (with Nsight Compute, where it is installed)
#   peer         the same three models in PyTorch, eager and compiled
#
#   --programs FOLDER   with heed and bench/ (default: bin of the unpacked bundle, or build/release/bin)
#   --tests FOLDER      with the test programs for a card (default: tests of the bundle, or build/card/bin/tests: ./heed test --device cuda)
#   --device NAME       default cuda; cpu for a trial
#   --precision LIST    of trainings and training steps (default "f32 tf32 bf16"; f32 with another device)
#   --minutes M         after which nothing goes on (default 8)
#   --seconds S         measuring time of each figure (default 2)
#   --tiny              small batches and few texts, for a trial on a processor
#
# OUT names the folder for logs, results and a summary (default: a new one). No data and no network are needed. Every
# command has a time limit. One that fails does not stop the others; the exit code is then 1. The table at the end holds what docs/results/gpu.md explains.
# shellcheck disable=SC2317  # the parts are called by their names
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
here=$root/bench
if [[ -d $root/lib && -x $root/bin/heed ]]; then
  programs=$root/bin tests=$root/tests libraries=$root/lib
else
  programs=$root/build/release/bin tests=$root/build/card/bin/tests libraries=''
fi
bundle='' device=cuda precisions='' minutes=8 seconds=2 tiny='' parts=()

fail() {
  echo "gpu.sh: $1" >&2
  exit 2
}
while (($#)); do
  case $1 in
    --bundle) bundle=${2:?FILE.tar.xz} && shift ;;
    --programs) programs=$(realpath "${2:?FOLDER}") && shift ;;
    --tests) tests=$(realpath "${2:?FOLDER}") && shift ;;
    --device) device=${2:?NAME} && shift ;;
    --precision) precisions=${2:?LIST} && shift ;;
    --minutes) minutes=${2:?M} && shift ;;
    --seconds) seconds=${2:?S} && shift ;;
    --tiny) tiny=yes ;;
    query | tests | trainings | throughput | attention | kernels | peer) parts+=("$1") ;;
    *) fail "expected an option or a part (query, tests, trainings, throughput, attention, kernels, peer), got '$1'" ;;
  esac
  shift
done
((${#parts[@]})) || parts=(query tests trainings throughput attention kernels peer)
[[ -x $programs/heed ]] || fail "no program heed in $programs (--programs)"
[[ ! $bundle ]] || exec bash "$here/gpu/bundle.sh" "$bundle" "$programs" "$tests"
[[ $device == cuda ]] || precisions=f32
: "${precisions:=f32 tf32 bf16}"
out=${OUT:-$(mktemp -d)}
mkdir -p "$out"
out=$(realpath "$out")
results=$out/results.jsonl summary=$out/summary.txt
: >"$results"
: >"$summary"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0 tables=()
begun=$SECONDS

# Heed's programs, and they alone, find the libraries that came along, and those of CUDA that they load at run time:
# where PyTorch was installed from wheels, it has them.
for folder in /usr/local/cuda/lib64 $(python3 -c 'import nvidia, os
for path in nvidia.__path__: print(*(os.path.join(path, name, "lib") for name in sorted(os.listdir(path))))' 2>/dev/null); do
  [[ ! -d $folder ]] || libraries=$libraries:$folder
done
heed=(env "LD_LIBRARY_PATH=${libraries#:}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" OMP_WAIT_POLICY=passive)
card=processor
[[ $device == cuda ]] && card=$(nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null | head -1)
has_torch() { python3 -c 'import torch' 2>/dev/null; }

note() {
  echo "$1" | tee -a "$summary"
}

# limited SECONDS NAME COMMAND...: output to NAME.log; its JSON lines are results.
limited() {
  local limit=$1 name=$2 code=0
  shift 2
  local start=$SECONDS left=$((60 * minutes - SECONDS + begun))
  ((left < limit)) && limit=$left
  ((limit > 0)) || { note "LEFT OUT $name: no time left" && failed=1 && return 1; }
  timeout -k 5 "$limit" "$@" >"$out/$name.log" 2>&1 || code=$?
  grep -h '^{' "$out/$name.log" >>"$results"
  if ((code)); then
    failed=1
    note "FAILED $name (exit code $code, $((SECONDS - start)) s): $(grep -v '^{' "$out/$name.log" | tail -1 | cut -c1-160)"
  fi
  return "$code"
}

query() {
  nvidia-smi >"$out/nvidia-smi.log" 2>&1
  note "$(nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm --format=csv,noheader 2>/dev/null || echo 'no nvidia-smi')"
  note "$(nproc) cores, $(ldd --version | head -1), $("${heed[@]}" "$programs/heed" --version 2>&1 | head -1)"
  if has_torch; then
    limited 60 copy python3 "$here/pytorch/gpu.py" --case copy --device "$device" ${tiny:+--tiny}
  fi
}

run_tests() {
  local program name pids=() names=()
  for program in "$tests"/*_cuda*_tests; do
    [[ -x $program ]] || { note "tests: no *_cuda*_tests in $tests (--tests)" && failed=1 && return; }
    name=$(basename "$program")
    (cd "$root" && timeout -k 5 150 "${heed[@]}" CUDA_LAUNCH_BLOCKING=1 HEED_SOURCE_DIR="$root" "$program" --gtest_filter=-Coverage.* >"$out/$name.log" 2>&1) &
    pids+=($!) names+=("$name")
  done
  for i in "${!pids[@]}"; do
    local code=0
    wait "${pids[i]}" || code=$?
    ((code)) && failed=1
    note "tests ${names[i]}: exit code $code, $(grep -c '^\[       OK' "$out/${names[i]}.log") passed, $(grep '^\[  SKIPPED ' "$out/${names[i]}.log" | grep -c ' ms)') skipped, $(grep '^\[  FAILED  \]' "$out/${names[i]}.log" | grep -c ' ms)') failed"
    grep '^\[  FAILED  \]' "$out/${names[i]}.log" | grep ' ms)' | head -8 | tee -a "$summary"
  done
}

trainings() {
  limited 120 trainings python3 "$here/gpu/trainings.py" --folder "$scratch/trainings" --device "$device" \
    --precision "${precisions// /,}" --steps "$([[ $tiny ]] && echo 3 || echo 20)" -- "${heed[@]}" "$programs/heed"
  mkdir -p "$out/trainings"
  cp "$scratch"/trainings/*.log "$out/trainings" 2>/dev/null
}

steps=(bench_training_step --cfg vit_b16)
classifier=(bench_text_step --task classifier --size base)
translator=(bench_text_step --task translator --size base)
if [[ $tiny ]]; then
  steps+=(--batch 1) classifier+=(--batch 1 --tokens 32) translator+=(--batch 1 --tokens 16)
fi

# bench NAME PROGRAM ARGUMENT...
bench() {
  local name=$1 program=$2
  shift 2
  limited 45 "$name" "${heed[@]}" "$programs/bench/$program" "$@" --device "$device" --seconds "$seconds"
}

# bench_table NAME PROGRAM ARGUMENT...: what it prints is for the end, after the table.
bench_table() {
  local name=$1 program=$2
  shift 2
  limited 45 "$name" "${heed[@]}" "$programs/bench/$program" --device "$device" "$@"
  tables+=("$out/$name.log")
}

throughput() {
  local precision
  for precision in $precisions; do
    bench "vit_b16_$precision" "${steps[@]}" --precision "$precision"
    bench "classifier_$precision" "${classifier[@]}" --precision "$precision"
    bench "translator_$precision" "${translator[@]}" --precision "$precision"
  done
}

attention() {
  [[ $device == cuda ]] || return 0
  bench_table attention_kernels bench_attention_kernels
  bench_table smyrf bench_smyrf 512 8 4
}

kernels() {
  [[ $device == cuda ]] || return 0
  local ncu
  ncu=$(command -v ncu || compgen -G '/opt/nvidia/nsight-compute/*/ncu' | tail -1)
  [[ $ncu ]] || { note "kernels: no ncu here" && return; }
  # Two steps, in the last of the precisions.
  limited 120 kernels_ncu "$ncu" --clock-control none --metrics gpu__time_duration.sum --csv --page raw \
    --print-units base --log-file "$out/kernels.csv" "${heed[@]}" "$programs/bench/${steps[0]}" "${steps[@]:1}" --device cuda \
    --precision "${precisions##* }" --once
  python3 "$here/gpu/report.py" kernels "$out/kernels.csv" >"$out/kernels.txt" 2>&1 || failed=1
  tables+=("$out/kernels.txt")
}

peer() {
  has_torch || { note "peer: python3 has no torch here" && return; }
  local case
  for case in vit_b16 classifier translator; do
    limited 100 "peer_$case" python3 "$here/pytorch/gpu.py" --case "$case" --device "$device" --seconds "$seconds" \
      --form tf32 bf16 bf16+compile ${tiny:+--tiny}
  done
}

for part in "${parts[@]}"; do
  echo "== $part ($((SECONDS - begun)) s)"
  case $part in
    tests) run_tests ;;
    *) "$part" ;;
  esac
done
python3 "$here/gpu/report.py" steps "$results" --card "$card" | tee -a "$summary"
for table in "${tables[@]}"; do
  echo
  head -25 "$table"
done | tee -a "$summary"
note "$((SECONDS - begun)) s in all; logs in $out"
exit "$failed"
