#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <string>
#include <vector>

#include "CTorch.h"

struct ctorch_tensor {
  at::Tensor value;
  /// `value` in 16 bits, once something asked for it.
  at::Tensor narrow = {};
};

struct ctorch_generator {
  at::Generator value;
};

namespace ctorch {

/// Where new tensors lie: what `ctorch_use_cuda` said, else the processor's memory.
at::Device device() noexcept;

/// A tensor that was just made from the program's memory, brought to the device in use.
at::Tensor placed(const at::Tensor &made);

/// Remembers `message` for `ctorch_last_error` and gives the status of a failure.
int fail(const std::string &message) noexcept;

/// Runs `body`, which gives a tensor, and hands the result out; C++ exceptions become a status.
template <typename Body>
int produce(CTorchTensor *out, Body body) noexcept {
  try {
    *out = new ctorch_tensor{body()};
    return 0;
  } catch (const c10::Error &error) {
    return fail(error.what_without_backtrace());
  } catch (const std::exception &error) {
    return fail(error.what());
  } catch (...) {
    return fail("an unknown error");
  }
}

/// Runs `body`, which gives nothing; C++ exceptions become a status.
template <typename Body>
int perform(Body body) noexcept {
  try {
    body();
    return 0;
  } catch (const c10::Error &error) {
    return fail(error.what_without_backtrace());
  } catch (const std::exception &error) {
    return fail(error.what());
  } catch (...) {
    return fail("an unknown error");
  }
}

inline at::IntArrayRef sizes(const int64_t *values, int count) {
  return at::IntArrayRef(values, static_cast<size_t>(count));
}

inline std::optional<at::Tensor> optional(CTorchTensor tensor) {
  return tensor ? std::optional<at::Tensor>(tensor->value) : std::nullopt;
}

inline std::vector<at::Tensor> list(const CTorchTensor *tensors, int count) {
  std::vector<at::Tensor> result;
  result.reserve(count);
  for (int i = 0; i < count; i++) result.push_back(tensors[i]->value);
  return result;
}

}  // namespace ctorch
