#!/usr/bin/env bash
#
# A short seeded training of each method, and the SHA-256 of what it leaves behind: weights, graph,
# calibration, verdicts. Two builds that print the same table compute the same.
#
#   Scripts/fingerprint.sh NORMA DATASET CATEGORIES [RECIPE…]
#
# NORMA is the executable, with norma-runtime beside it; DATASET one that `norma train` takes.
set -euo pipefail

norma=${1:?the executable to run}
dataset=${2:?a data set}
categories=${3:?its categories, separated by commas}
shift 3
recipes=("$@")
if ((${#recipes[@]} == 0)); then recipes=(ras uniad rlr ura-net dinomaly patchcore padim); fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Caches of its own, so that nothing of another build is found; weights as the user has them.
mkdir -p "$work/home"
weights=${NORMA_HOME:-$HOME/.cache/norma}/weights
if [ -d "$weights" ]; then ln -s "$weights" "$work/home/weights"; fi
export NORMA_HOME=$work/home

digest() { sha256sum | cut -c1-16; }

printf '%-10s %-17s %-17s %-17s %s\n' recipe weights graph calibration verdicts
for recipe in "${recipes[@]}"; do
  model=$work/$recipe.norma
  # RLR's windows are known for grids from 16×16 up.
  size=128 epochs=2
  if [[ $recipe == rlr* ]]; then size=256 epochs=1; fi
  "$norma" train "$dataset" --categories "$categories" --recipe "$recipe" --image-size "$size" \
    --backbone "${BACKBONE:-efficientnet-b4}" --epochs "$epochs" --batch 8 --seed 7 --output "$model" \
    >"$work/$recipe.log" 2>&1 || { cat "$work/$recipe.log" >&2; exit 1; }
  # Exit codes 1 and 2 are verdicts too.
  "$norma" inspect "$model" "$dataset/${categories%%,*}/test" --json >"$work/$recipe.json" ||
    [ $? -le 2 ]
  printf '%-10s %-17s %-17s %-17s %s\n' "$recipe" \
    "$(digest <"$model/weights.safetensors")" "$(digest <"$model/graph.onnx")" \
    "$(digest <"$model/calibration.json")" "$(digest <"$work/$recipe.json")"
done
