#!/usr/bin/env bash
#
# Leaves .build/dist-cuda with norma-train and the recipes: what a machine with a GPU needs beside
# LibTorch with CUDA. `make dist-cuda` calls it after set-up.
set -euo pipefail

cd "$(dirname "$0")/.."
torch=${NORMA_TORCH:-$PWD/.native/torch-cuda}
# A build folder of its own: the everyday one is compiled against another LibTorch.
build=.build-cuda
dist=.build/dist-cuda

# Symbols are for debuggers; --enable-new-dtags lets LD_LIBRARY_PATH come before the built-in folders.
NORMA_TORCH=$torch swift build -c release --scratch-path $build --product norma-train \
  --static-swift-stdlib -Xlinker -s -Xlinker --enable-new-dtags

rm -rf $dist
mkdir -p $dist
cp $build/release/norma-train LICENSE NOTICE $dist/
cp -r Recipes Plans $dist/
size=$(($(wc -c <$dist/norma-train) / 1000000))
echo "built: $dist/norma-train, $size MB; it finds LibTorch in torch/ beside it or through" \
  "LD_LIBRARY_PATH (docs/gpu.md)"
