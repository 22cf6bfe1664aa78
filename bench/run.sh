#!/usr/bin/env bash
# Measures the machine, the kernels and the engine, beside the peers that PEERS, TORCH_PYTHON and
# LLMC name; bench/README.md tells more. Called by ./dev bench after a release build.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

readonly bin=build/release/bin out=${OUT:-build/bench} priority=${PRIORITY:-0}
mkdir -p "$out"

"$bin/machine_peak" | tee "$out/machine.json"
"$bin/bench_kernels" "$@"
"$bin/bench_streams" >"$out/streams.json"

models=${MODELS:-$out/models}
if [ -z "${MODELS:-}" ]; then
  mkdir -p "$models"
  for shape in ${SHAPES:-gpt2-124m}; do
    for type in f32 bf16 q8_0; do
      [ -f "$models/$shape-$type.gguf" ] ||
        python3 bench/make_random_gguf.py "$shape" "$models/$shape-$type.gguf" --type "$type"
    done
  done
fi

common=(--parvis "$bin/parvis" --machine-peak "$bin/machine_peak" --priority "$priority")
peers=()
for peer in ${PEERS:-}; do peers+=(--peer "$peer"); done
python3 bench/generate/compare.py "${common[@]}" "${peers[@]}" --out "$out/generate.json" \
  "$models"/*.gguf
python3 bench/generate/start.py --parvis "$bin/parvis" --priority "$priority" \
  --out "$out/start.json" "$models"/*.gguf
python3 bench/generate/first_answer.py --parvis "$bin/parvis" --priority "$priority" \
  --out "$out/first_answer.json"
python3 bench/train/compare.py "${common[@]}" ${TORCH_PYTHON:+--torch-python "$TORCH_PYTHON"} \
  ${LLMC:+--llmc "$LLMC"} --out "$out/train.json"

servers=()
for server in ${SERVERS:-}; do servers+=(--peer "$server"); done
[ -f "$out/stub.gguf" ] || python3 bench/make_random_gguf.py llama-stub "$out/stub.gguf" --type f32
python3 bench/serve/compare.py --parvis "$bin/parvis" --load "$bin/serve_load" --priority "$priority" \
  "${servers[@]}" --stub "$out/stub.gguf" --out "$out/serve.json" "$models"/*.gguf
