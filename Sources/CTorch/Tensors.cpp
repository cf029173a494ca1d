#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>

#include <cmath>
#include <cstring>
#include <mutex>

#include "Handles.h"

using namespace ctorch;

static thread_local std::string last_error;

int ctorch::fail(const std::string &message) noexcept {
  try {
    last_error = message;
  } catch (...) {
  }
  return 1;
}

const char *ctorch_last_error(void) { return last_error.c_str(); }

int ctorch_from_floats(const float *values, const int64_t *shape, int rank, CTorchTensor *out) {
  return produce(out, [&] {
    auto tensor = at::empty(sizes(shape, rank), at::kFloat);
    std::memcpy(tensor.data_ptr(), values, tensor.nbytes());
    return placed(tensor);
  });
}

int ctorch_from_bfloats(
    const uint16_t *values, const int64_t *shape, int rank, CTorchTensor *out) {
  return produce(out, [&] {
    auto narrow = at::from_blob(
        const_cast<uint16_t *>(values), sizes(shape, rank), at::TensorOptions(at::kBFloat16));
    return narrow.to(device()).to(at::kFloat);
  });
}

int ctorch_from_bytes(const uint8_t *values, const int64_t *shape, int rank, CTorchTensor *out) {
  return produce(out, [&] {
    auto tensor = at::empty(sizes(shape, rank), at::kByte);
    std::memcpy(tensor.data_ptr(), values, tensor.nbytes());
    return placed(tensor);
  });
}

int ctorch_from_integers(
    const int64_t *values, const int64_t *shape, int rank, CTorchTensor *out) {
  return produce(out, [&] {
    auto tensor = at::empty(sizes(shape, rank), at::kLong);
    std::memcpy(tensor.data_ptr(), values, tensor.nbytes());
    return placed(tensor);
  });
}

int ctorch_keep_bfloats(
    const uint16_t *values, const int64_t *shape, int rank, CTorchTensor *out) {
  return produce(out, [&] {
    auto tensor = at::empty(sizes(shape, rank), at::kBFloat16);
    std::memcpy(tensor.data_ptr(), values, tensor.nbytes());
    return placed(tensor);
  });
}

int ctorch_full(float value, const int64_t *shape, int rank, CTorchTensor *out) {
  return produce(out, [&] { 
    return at::full(sizes(shape, rank), value, at::TensorOptions(at::kFloat).device(device()));
  });
}

void ctorch_free(CTorchTensor tensor) { delete tensor; }

int ctorch_rank(CTorchTensor tensor) { return static_cast<int>(tensor->value.dim()); }

int64_t ctorch_size(CTorchTensor tensor, int axis) { return tensor->value.size(axis); }

int ctorch_copy_floats(CTorchTensor tensor, float *values, int64_t count) {
  return perform([&] {
    at::NoGradGuard quiet;
    auto plain = tensor->value.detach().to(at::kCPU, at::kFloat).contiguous();
    TORCH_CHECK(plain.numel() == count, "a tensor of ", plain.numel(), " elements, not ", count);
    std::memcpy(values, plain.data_ptr(), count * sizeof(float));
  });
}

int ctorch_to_float(CTorchTensor tensor, CTorchTensor *out) {
  return produce(out, [&] { return tensor->value.to(at::kFloat); });
}

int ctorch_to_double(CTorchTensor tensor, CTorchTensor *out) {
  return produce(out, [&] { return tensor->value.to(at::kDouble); });
}

int ctorch_assign(CTorchTensor tensor, const float *values, int64_t count) {
  return perform([&] {
    at::NoGradGuard quiet;
    auto &target = tensor->value;
    TORCH_CHECK(target.numel() == count, "a tensor of ", target.numel(), " elements, not ", count);
    target.copy_(at::from_blob(
        const_cast<float *>(values), target.sizes(), at::TensorOptions(at::kFloat)));
    tensor->narrow = at::Tensor();
  });
}

int ctorch_fill(CTorchTensor tensor, float value) {
  return perform([&] {
    at::NoGradGuard quiet;
    tensor->value.fill_(value);
  });
}

int ctorch_copy(CTorchTensor tensor, CTorchTensor source) {
  return perform([&] {
    at::NoGradGuard quiet;
    tensor->value.copy_(source->value);
  });
}

int ctorch_accumulate(CTorchTensor sum, CTorchTensor value) {
  return perform([&] {
    at::NoGradGuard quiet;
    sum->value.add_(value->value.detach());
  });
}

int ctorch_make_generator(uint64_t seed, bool on_device, CTorchGenerator *out) {
  return perform([&] {
    if (on_device && device().is_cuda()) {
      auto &hooks = at::globalContext().getAcceleratorHooksInterface(at::kCUDA);
      *out = new ctorch_generator{hooks.getNewGenerator(device().index())};
      (*out)->value.set_current_seed(seed);
    } else {
      *out = new ctorch_generator{at::make_generator<at::CPUGeneratorImpl>(seed)};
    }
  });
}

int ctorch_reseed(CTorchGenerator generator, uint64_t seed) {
  return perform([&] {
    std::lock_guard<std::mutex> lock(generator->value.mutex());
    generator->value.set_current_seed(seed);
  });
}

/// The options of 32-bit floats where `generator` draws.
static at::TensorOptions drawn_by(CTorchGenerator generator) {
  return at::TensorOptions(at::kFloat).device(generator->value.device());
}

/// Numbers that were drawn, on the device in use. They are no constants, so none are kept.
static at::Tensor moved(const at::Tensor &drawn) { return drawn.to(device()); }

void ctorch_generator_free(CTorchGenerator generator) { delete generator; }

int ctorch_normal(CTorchGenerator generator, const int64_t *shape, int rank, CTorchTensor *out) {
  return produce(out, [&] {
    return moved(at::randn(sizes(shape, rank), generator->value, drawn_by(generator)));
  });
}

int ctorch_uniform(CTorchGenerator generator, const int64_t *shape, int rank, CTorchTensor *out) {
  return produce(out, [&] {
    return moved(at::rand(sizes(shape, rank), generator->value, drawn_by(generator)));
  });
}

int ctorch_truncated_normal(
    CTorchGenerator generator, const int64_t *shape, int rank, double limit, CTorchTensor *out) {
  return produce(out, [&] {
    // Evenly between the normal distribution's values at both ends, and back through its inverse.
    const double end = std::erf(limit / std::sqrt(2.0));
    auto drawn = at::empty(sizes(shape, rank), drawn_by(generator));
    drawn.uniform_(-end, end, generator->value).erfinv_().mul_(std::sqrt(2.0));
    return moved(drawn.clamp_(-limit, limit));
  });
}

int ctorch_dropout_mask(
    CTorchGenerator generator, const int64_t *shape, int rank, float probability,
    CTorchTensor *out) {
  return produce(out, [&] {
    auto mask = at::empty(sizes(shape, rank), drawn_by(generator));
    return moved(mask.bernoulli_(1 - probability, generator->value).div_(1 - probability));
  });
}
