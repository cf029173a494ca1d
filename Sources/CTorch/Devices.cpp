#include <ATen/Context.h>
#include <ATen/cpu/Utils.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "Devices.h"

using namespace ctorch;

static bool uses_cuda = false;
static bool keeps_constants = false;
static Constants constants;

at::Device ctorch::device() noexcept {
  return uses_cuda ? at::Device(at::kCUDA, 0) : at::Device(at::kCPU);
}

/// Type, shape and bytes of a tensor: what makes two constants the same.
static std::string key(const at::Tensor &made) {
  std::string key(1, static_cast<char>(made.scalar_type()));
  const auto append = [&key](const void *bytes, size_t count) {
    key.append(static_cast<const char *>(bytes), count);
  };
  append(made.sizes().data(), made.dim() * sizeof(int64_t));
  append(made.data_ptr(), made.nbytes());
  return key;
}

at::Tensor ctorch::placed(const at::Tensor &made) {
  if (!uses_cuda) return made;
  if (!keeps_constants) return made.to(device());
  auto &kept = constants[key(made)];
  if (!kept.defined()) kept = made.to(device());
  return kept;
}

Constants ctorch::take_constants() {
  keeps_constants = false;
  return std::exchange(constants, {});
}

void ctorch_keep_constants(bool keep) {
  keeps_constants = keep;
  if (!keep) constants.clear();
}

bool ctorch_is_built_with_cuda(void) { return at::globalContext().hasCUDART(); }

bool ctorch_has_gpu(void) {
  try {
    return at::globalContext().hasCUDA();
  } catch (...) {
    return false;
  }
}

bool ctorch_uses_cuda(void) { return uses_cuda; }

int ctorch_use_cuda(void) {
  return perform([&] {
    if (uses_cuda) return;
    at::globalContext().lazyInitDevice(at::kCUDA);
    // 32-bit convolutions are to be 32-bit: thresholds are set by them.
    at::globalContext().setAllowTF32CuDNN(false);
    // A graph cannot be recorded on the stream that a program begins with, and work that is all on
    // one stream never waits for another.
    const c10::impl::VirtualGuardImpl guard(at::kCUDA);
    guard.exchangeStream(guard.getStreamFromGlobalPool(at::Device(at::kCUDA, 0)));
    uses_cuda = true;
  });
}

bool ctorch_has_fast_bf16(void) {
  if (uses_cuda) return true;
  const auto capabilities = at::cpu::get_cpu_capabilities();
  for (const char *name : {"avx512_bf16", "amx_bf16", "bf16"}) {
    const auto found = capabilities.find(name);
    if (found != capabilities.end() && found->second.isBool() && found->second.toBool())
      return true;
  }
  return false;
}
