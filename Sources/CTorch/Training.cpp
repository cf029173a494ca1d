#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/Version.h>
#if __has_include(<torch/headeronly/version.h>)
#include <torch/headeronly/version.h>
#else
#include <torch/version.h>
#endif

#include "Handles.h"

using namespace ctorch;

int ctorch_require_gradient(CTorchTensor tensor) {
  return perform([&] { tensor->value.set_requires_grad(true); });
}

int ctorch_backward(CTorchTensor loss) {
  return perform([&] { loss->value.backward(); });
}

int ctorch_gradient(CTorchTensor tensor, CTorchTensor *out) {
  *out = nullptr;
  if (!tensor->value.grad().defined()) return 0;
  return produce(out, [&] { return tensor->value.grad(); });
}

int ctorch_clear_gradient(CTorchTensor tensor) {
  return perform([&] { tensor->value.mutable_grad() = at::Tensor(); });
}

int ctorch_zero_gradient(CTorchTensor tensor) {
  return perform([&] { tensor->value.mutable_grad() = at::zeros_like(tensor->value); });
}

bool ctorch_set_gradient_recording(bool enabled) {
  const bool before = at::GradMode::is_enabled();
  at::GradMode::set_enabled(enabled);
  return before;
}

bool ctorch_set_bf16_autocast(bool enabled) {
  const auto where = device().type();
  const bool before = at::autocast::is_autocast_enabled(where);
  if (enabled) at::autocast::set_autocast_dtype(where, at::kBFloat16);
  at::autocast::set_autocast_enabled(where, enabled);
  // The narrow copies of the weights are stale once the optimiser has moved them.
  if (!enabled) at::autocast::clear_cache();
  return before;
}

static std::vector<at::Tensor> gradients_of(const CTorchTensor *parameters, int count) {
  std::vector<at::Tensor> gradients;
  for (int i = 0; i < count; i++)
    if (parameters[i]->value.grad().defined()) gradients.push_back(parameters[i]->value.grad());
  TORCH_CHECK(!gradients.empty(), "no parameter has a gradient to clip");
  return gradients;
}

static at::Tensor joint_norm(const std::vector<at::Tensor> &gradients) {
  return at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients)));
}

int ctorch_limit_gradients(const CTorchTensor *parameters, int count, float maximum) {
  return perform([&] {
    at::NoGradGuard quiet;
    const auto gradients = gradients_of(parameters, count);
    const auto factor = maximum / (joint_norm(gradients) + 1e-6f);
    at::_foreach_mul_(gradients, factor.clamp_max(1));
  });
}

int ctorch_clip_gradients(
    const CTorchTensor *parameters, int count, float maximum, float *norm) {
  return perform([&] {
    at::NoGradGuard quiet;
    const auto gradients = gradients_of(parameters, count);
    const auto total = joint_norm(gradients);
    *norm = total.item<float>();
    const float factor = maximum / (*norm + 1e-6f);
    if (factor < 1) at::_foreach_mul_(gradients, factor);
  });
}

int ctorch_adam_step(
    const CTorchTensor *parameters, const CTorchTensor *means, const CTorchTensor *squares,
    const CTorchTensor *maxima, const CTorchTensor *steps, int count, CTorchTensor rate,
    CTorchAdam settings) {
  return perform([&] {
    at::NoGradGuard quiet;
    std::vector<at::Tensor> moving, gradients, first, second, largest, counted;
    for (int i = 0; i < count; i++) {
      const auto &gradient = parameters[i]->value.grad();
      if (!gradient.defined()) continue;
      moving.push_back(parameters[i]->value);
      gradients.push_back(gradient);
      first.push_back(means[i]->value);
      second.push_back(squares[i]->value);
      if (settings.amsgrad) largest.push_back(maxima[i]->value);
      counted.push_back(steps[i]->value);
    }
    if (moving.empty()) return;
    at::_foreach_add_(counted, 1);
    const auto &c = settings;
    const auto move = [&](const auto &speed) {
      if (c.decoupled)
        at::_fused_adamw_(
            moving, gradients, first, second, largest, counted, speed, c.beta1, c.beta2,
            c.weight_decay, c.epsilon, c.amsgrad, false);
      else
        at::_fused_adam_(
            moving, gradients, first, second, largest, counted, speed, c.beta1, c.beta2,
            c.weight_decay, c.epsilon, c.amsgrad, false);
    };
    if (rate) move(rate->value);
    else move(c.rate);
  });
}

int ctorch_stable_adam_step(
    const CTorchTensor *parameters, const CTorchTensor *means, const CTorchTensor *squares,
    const CTorchTensor *maxima, const CTorchTensor *steps, int count, CTorchTensor rate,
    CTorchAdam settings) {
  return perform([&] {
    at::NoGradGuard quiet;
    const auto &c = settings;
    // Nothing is brought to the processor on the way: a GPU is not waited for, and can record all of it.
    const auto move = [&](int i, const at::Tensor &gradient, const auto &speed) {
      auto &value = parameters[i]->value, &mean = means[i]->value, &square = squares[i]->value;
      steps[i]->value.add_(1);
      const auto step = steps[i]->value.to(at::kDouble);
      mean.mul_(c.beta1).add_(gradient, 1 - c.beta1);
      square.mul_(c.beta2).addcmul_(gradient, gradient, 1 - c.beta2);
      if (c.amsgrad) at::maximum_out(maxima[i]->value, maxima[i]->value, square);
      const auto &used = c.amsgrad ? maxima[i]->value : square;
      const auto root = at::sqrt(1 - at::pow(c.beta2, step));
      const auto scale = used.sqrt().div_(root).add_(c.epsilon);
      const auto excess = (gradient / scale).square_().mean().sqrt_().clamp_min_(1);
      const auto rise = 1 - at::pow(c.beta1, step);
      value.mul_(1 - speed * c.weight_decay);
      value.sub_((mean / scale).mul_(speed / rise / excess));
    };
    for (int i = 0; i < count; i++) {
      const auto &gradient = parameters[i]->value.grad();
      if (!gradient.defined()) continue;
      if (rate) move(i, gradient, rate->value);
      else move(i, gradient, c.rate);
    }
  });
}

void ctorch_set_threads(int count) { at::set_num_threads(count); }

int ctorch_threads(void) { return at::get_num_threads(); }

const char *ctorch_version(void) { return TORCH_VERSION; }

const char *ctorch_cpu_capability(void) {
  static const std::string name = at::get_cpu_capability();
  return name.c_str();
}
