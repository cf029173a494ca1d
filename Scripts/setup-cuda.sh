# shellcheck shell=bash disable=SC2154 # shares its variables with setup.sh
#
# The part of setup.sh that brings what `make dist-cuda` compiles against: LibTorch with CUDA and the
# headers of CUDA's run time. Nothing of it runs here, so neither a GPU nor CUDA itself is needed.
# Sourced by setup.sh; uses its say, stop, workspace, stamped, room_for, download, unpack, keep.

cuda_torch_wheel=torch==2.11.0
cuda_torch_digest=7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a
cuda_runtime_wheel=nvidia-cuda-runtime==13.0.96
cuda_runtime_digest=7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548
cuda_crt_wheel=nvidia-cuda-crt==13.0.88
cuda_crt_digest=2c8043c7c9e02492716426e9919fc78d2c5b3b2a7a768a88e952676b08aa55a4

check_cuda_torch() {
  check_torch "$1"
  [ -f "$1/lib/libtorch_cuda.so" ] ||
    stop "the LibTorch in $1 is built without CUDA: lib/libtorch_cuda.so is not there" \
      "(unset NORMA_TORCH, and $cuda_torch_wheel is fetched to compile against)"
}

setup_cuda() {
  if [ -n "${NORMA_TORCH:-}" ]; then
    check_cuda_torch "$NORMA_TORCH"
    return
  fi
  [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] ||
    stop "LibTorch with CUDA is pinned for Linux on x86-64 only; NORMA_TORCH can name another"
  setup_cuda_headers
  if stamped torch-cuda "$cuda_torch_wheel" $cuda_torch_digest; then return; fi
  need_python
  workspace
  room_for 1700 "LibTorch with CUDA"
  say "fetching LibTorch with CUDA (531 MB): ${cuda_torch_wheel#*==}"
  download $cuda_torch_wheel manylinux_2_28_x86_64 || stop "pip's index does not have $cuda_torch_wheel"
  # What the linker looks at; the machine with the GPU has a whole LibTorch of its own.
  unpack torch-cuda $cuda_torch_digest 'torch/include/*=include' 'torch/lib/libtorch.so=lib' \
    'torch/lib/libtorch_cpu.so=lib' 'torch/lib/libtorch_cuda.so=lib' 'torch/lib/libc10*.so=lib' \
    '*.dist-info/licenses/LICENSE=licenses' --without 'torch/include/pybind11/*'
  check_cuda_torch "$work/torch-cuda"
  keep torch-cuda "$cuda_torch_wheel" $cuda_torch_digest
}

# Where Package.swift looks for them: beside LibTorch, as Python's wheels lie.
setup_cuda_headers() {
  if stamped nvidia $cuda_runtime_digest $cuda_crt_digest; then return; fi
  need_python
  workspace
  download $cuda_runtime_wheel manylinux2014_x86_64 ||
    stop "pip's index does not have $cuda_runtime_wheel"
  unpack nvidia $cuda_runtime_digest 'nvidia/cu13/include/*=cu13/include' \
    '*.dist-info/licenses/*=licenses'
  download $cuda_crt_wheel manylinux2014_x86_64 || stop "pip's index does not have $cuda_crt_wheel"
  unpack nvidia $cuda_crt_digest 'nvidia/cu13/include/*=cu13/include'
  keep nvidia $cuda_runtime_digest $cuda_crt_digest
}
