#!/usr/bin/env bash
# bundle.sh FILE.tar.xz PROGRAMS TESTS: packs heed, its benchmarks, the test programs for a card if there are any, the
# shared libraries of them all but those of the C library, and bench/gpu.sh with what it runs. Unpacked anywhere,
# `bench/gpu.sh` of the folder heed-gpu needs nothing else. Called by gpu.sh --bundle.
set -euo pipefail
file=$(realpath "$1") programs=$2 tests=$3
bench=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
folder=$scratch/heed-gpu
mkdir -p "$folder"/{bin/bench,tests,lib,bench/pytorch}
cp "$programs/heed" "$folder/bin"
for name in training_step text_step attention_kernels smyrf; do
  [[ ! -x $programs/bench/bench_$name ]] || cp "$programs/bench/bench_$name" "$folder/bin/bench"
done
for program in "$tests"/*_cuda*_tests; do
  [[ ! -x $program ]] || cp "$program" "$folder/tests"
done
mapfile -t binaries < <(find "$folder/bin" "$folder/tests" -type f)
strip "${binaries[@]}"
ldd "${binaries[@]}" | awk '$2 == "=>" && $3 ~ /^\// {print $3}' | sort -u |
  grep -Ev '/(libc|libm|libpthread|libdl|librt|libresolv|libutil|ld-linux[^/]*)\.so' | xargs -I{} cp -L {} "$folder/lib"
cp "$bench/gpu.sh" "$folder/bench"
cp -r "$bench/gpu" "$folder/bench"
cp "$bench/pytorch/gpu.py" "$folder/bench/pytorch"
tar -C "$scratch" -cf - heed-gpu | xz -9 >"$file"
echo "$file: $(du -h "$file" | cut -f1), $(find "$folder/tests" -type f | wc -l) test programs, $(find "$folder/lib" -type f | wc -l) libraries"
