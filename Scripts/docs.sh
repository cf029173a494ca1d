#!/usr/bin/env bash
#
# The library's reference, from the sources' own comments, as a web site in .build/docs (one folder
# a module). `make docs` calls it. Uses the toolchain's DocC and needs no network.
set -euo pipefail

cd "$(dirname "$0")/.."
modules=(NormaCore Norma NormaTraining Networks Torch ONNX OpenVINO)
out=.build/docs
graphs=.build/docs-symbols

swift build -c release
triple=$(swift -print-target-info | sed -nE 's/^ *"triple": "([^"]+)".*/\1/p' | head -n 1)

# Where the C modules' maps lie: SwiftPM writes one for each target that has none of its own.
clang=()
while IFS= read -r map; do clang+=(-Xcc "-fmodule-map-file=$map"); done < <(
  find .build/release/*.build .build/checkouts/*/Sources/*/include Sources/*/include \
    -maxdepth 1 -name module.modulemap 2>/dev/null)

# The headers that they include, as Package.swift finds them.
openvino=${NORMA_OPENVINO:-.native/openvino}
for headers in "$openvino/include" "$openvino/runtime/include" /usr/include/glib-2.0 \
  /usr/lib/*/glib-2.0/include /opt/homebrew/include{,/glib-2.0} /opt/homebrew/lib/glib-2.0/include; do
  if [ -d "$headers" ]; then clang+=(-Xcc "-I$headers"); fi
done

rm -rf "$out" "$graphs"
mkdir -p "$out"
for module in "${modules[@]}"; do
  mkdir -p "$graphs/$module"
  swift-symbolgraph-extract -module-name "$module" -target "$triple" \
    -I .build/release/Modules "${clang[@]}" -minimum-access-level public \
    -skip-inherited-docs -output-dir "$graphs/$module"
  docc convert --additional-symbol-graph-dir "$graphs/$module" --output-dir "$out/$module" \
    --fallback-display-name "$module" --fallback-bundle-identifier "norma.$module" \
    --transform-for-static-hosting --hosting-base-path "$module" --diagnostic-level error
done

echo "The reference: $out (look at it with: python3 -m http.server --directory $out," \
  "then open /NormaCore/documentation/normacore/)"
