#include <torch/csrc/autograd/custom_function.h>

#include "Handles.h"

using namespace ctorch;

namespace {

/// Linear, GELU, linear. Only the input is kept for the way back; the wide part is computed again.
struct Perceptron : torch::autograd::Function<Perceptron> {
  using Context = torch::autograd::AutogradContext;

  static at::Tensor forward(
      Context *context, const at::Tensor &x, const at::Tensor &weight1, const at::Tensor &bias1,
      const at::Tensor &weight2, const at::Tensor &bias2) {
    context->save_for_backward({x, weight1, bias1, weight2});
    const auto wide = at::linear(x, weight1, bias1);
    // 16 bits under autocast, of which the way back knows nothing.
    context->saved_data["type"] = static_cast<int64_t>(wide.scalar_type());
    return at::linear(at::gelu(wide), weight2, bias2);
  }

  static torch::autograd::variable_list backward(
      Context *context, torch::autograd::variable_list gradients) {
    const auto type = static_cast<at::ScalarType>(context->saved_data["type"].toInt());
    const auto saved = context->get_saved_variables();
    const auto rows = [type](const at::Tensor &t) { return t.to(type).flatten(0, -2); };
    const auto x = rows(saved[0]), gradient = rows(gradients[0]);
    const auto weight1 = saved[1].to(type), weight2 = saved[3].to(type);
    const auto wide = at::linear(x, weight1, saved[2].to(type));
    const auto ofWeight2 = at::mm(gradient.t(), at::gelu(wide));
    const auto ofWide = at::gelu_backward(at::mm(gradient, weight2), wide);
    const auto like = [](const at::Tensor &t, const at::Tensor &model) {
      return t.to(model.scalar_type()).reshape(model.sizes());
    };
    return {
        like(at::mm(ofWide, weight1), saved[0]), like(at::mm(ofWide.t(), x), saved[1]),
        like(ofWide.sum(0), saved[2]), like(ofWeight2, saved[3]),
        gradient.sum(0).to(saved[3].scalar_type())};
  }
};

}  // namespace

int ctorch_perceptron(
    CTorchTensor tensor, CTorchTensor weight1, CTorchTensor bias1, CTorchTensor weight2,
    CTorchTensor bias2, CTorchTensor *out) {
  return produce(out, [&] {
    return Perceptron::apply(
        tensor->value, weight1->value, bias1->value, weight2->value, bias2->value);
  });
}
