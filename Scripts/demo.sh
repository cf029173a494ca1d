#!/usr/bin/env bash
#
# The demo: one model for mono- and polycrystalline solar cells, trained, evaluated, with its page.
# `make demo` calls it after set-up and build. A second run goes on where an interrupted one
# stopped, and does not train again what is trained.
#
#   Scripts/demo.sh MODEL
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
norma=$root/.build/release/norma
data=$root/.native/demo/solar-cells
model=${1:?the model folder to write}

# Kept whole before it is searched: a search that ends early would end the listing with an error.
weights=$("$norma" weights)
if grep -qE '^efficientnet-lite0 +-$' <<<"$weights"; then
  "$norma" weights import "$root/.native/demo/efficientnet-lite0.pth" --as efficientnet-lite0
  echo
fi

if [ -f "$model/manifest.json" ]; then
  echo "$model is trained already (remove it to train anew)"
else
  resume=()
  if [ -f "$model.training/checkpoint.safetensors" ]; then resume=(--resume); fi
  "$norma" train "$data" --output "$model" --recipe "$root/Recipes/solar.yaml" \
    "${resume[@]}"
fi
echo

# Ends with the table and the place of the page.
"$norma" evaluate "$model" "$data"

echo
echo "A verdict on one cell, with its heat map:"
echo "  .build/release/norma inspect $model .native/demo/solar-cells/images/cell0001.png" \
  "--heatmaps heatmaps"
