#include <ATen/autocast_mode.h>

#include <algorithm>
#include <cmath>

#include "Handles.h"

using namespace ctorch;

int ctorch_add(CTorchTensor a, CTorchTensor b, CTorchTensor *out) {
  return produce(out, [&] { return a->value + b->value; });
}

int ctorch_subtract(CTorchTensor a, CTorchTensor b, CTorchTensor *out) {
  return produce(out, [&] { return a->value - b->value; });
}

int ctorch_multiply(CTorchTensor a, CTorchTensor b, CTorchTensor *out) {
  return produce(out, [&] { return a->value * b->value; });
}

int ctorch_divide(CTorchTensor a, CTorchTensor b, CTorchTensor *out) {
  return produce(out, [&] { return a->value / b->value; });
}

int ctorch_affine(CTorchTensor tensor, float scale, float offset, CTorchTensor *out) {
  return produce(out, [&] {
    auto scaled = scale == 1 ? tensor->value : tensor->value * scale;
    return offset == 0 ? scaled : scaled + offset;
  });
}

int ctorch_detached(CTorchTensor tensor, CTorchTensor *out) {
  return produce(out, [&] { return tensor->value.detach(); });
}

int ctorch_sigmoid(CTorchTensor tensor, CTorchTensor *out) {
  return produce(out, [&] { return at::sigmoid(tensor->value); });
}

int ctorch_relu(CTorchTensor tensor, CTorchTensor *out) {
  return produce(out, [&] { return at::relu(tensor->value); });
}

int ctorch_relu6(CTorchTensor tensor, CTorchTensor *out) {
  return produce(out, [&] { return at::hardtanh(tensor->value, 0, 6); });
}

int ctorch_silu(CTorchTensor tensor, CTorchTensor *out) {
  return produce(out, [&] { return at::silu(tensor->value); });
}

int ctorch_gelu(CTorchTensor tensor, CTorchTensor *out) {
  return produce(out, [&] { return at::gelu(tensor->value); });
}

int ctorch_square_root(CTorchTensor tensor, CTorchTensor *out) {
  return produce(out, [&] { return at::sqrt(tensor->value); });
}

int ctorch_softplus(CTorchTensor tensor, CTorchTensor *out) {
  return produce(out, [&] { return at::softplus(tensor->value); });
}

int ctorch_exponential(CTorchTensor tensor, CTorchTensor *out) {
  return produce(out, [&] { return at::exp(tensor->value); });
}

int ctorch_logarithm(CTorchTensor tensor, CTorchTensor *out) {
  return produce(out, [&] {
    // Where a zero enters at::log itself, its derivative is infinite, and 0 · ∞ spoils the gradient.
    const auto &value = tensor->value;
    const auto zero = value == 0;
    const auto hidden = at::scalar_tensor(-INFINITY, value.options());
    return at::where(zero, hidden, at::log(value.masked_fill(zero, 1)));
  });
}

int ctorch_softmax(CTorchTensor tensor, int axis, CTorchTensor *out) {
  return produce(out, [&] { return at::softmax(tensor->value, axis); });
}

int ctorch_reshape(CTorchTensor tensor, const int64_t *shape, int rank, CTorchTensor *out) {
  return produce(out, [&] { return tensor->value.reshape(sizes(shape, rank)); });
}

int ctorch_permute(CTorchTensor tensor, const int64_t *order, int rank, CTorchTensor *out) {
  return produce(out, [&] { return tensor->value.permute(sizes(order, rank)); });
}

int ctorch_slice(CTorchTensor tensor, int axis, int64_t start, int64_t end, CTorchTensor *out) {
  return produce(out, [&] {
    const auto size = tensor->value.size(axis);
    TORCH_CHECK(
        0 <= start && start <= end && end <= size, "slice ", start, "..<", end,
        " of a dimension of size ", size);
    return tensor->value.slice(axis, start, end);
  });
}

int ctorch_gather(
    CTorchTensor tensor, int axis, const int64_t *indices, int count, CTorchTensor *out) {
  return produce(out, [&] {
    // Copied: the backward pass looks at the positions again.
    const auto positions = at::from_blob(
        const_cast<int64_t *>(indices), {count}, at::TensorOptions(at::kLong)).clone();
    return at::index_select(tensor->value, axis, placed(positions));
  });
}

int ctorch_select(CTorchTensor tensor, CTorchTensor rows, CTorchTensor *out) {
  return produce(out, [&] { return at::index_select(tensor->value, 0, rows->value); });
}

int ctorch_concatenate(const CTorchTensor *tensors, int count, int axis, CTorchTensor *out) {
  return produce(out, [&] { return at::cat(list(tensors, count), axis); });
}

int ctorch_sum(CTorchTensor tensor, const int64_t *axes, int count, CTorchTensor *out) {
  return produce(out, [&] { return at::sum(tensor->value, sizes(axes, count), true); });
}

int ctorch_mean(CTorchTensor tensor, const int64_t *axes, int count, CTorchTensor *out) {
  return produce(out, [&] { return at::mean(tensor->value, sizes(axes, count), true); });
}

int ctorch_maximum(CTorchTensor tensor, const int64_t *axes, int count, CTorchTensor *out) {
  return produce(out, [&] { return at::amax(tensor->value, sizes(axes, count), true); });
}

int ctorch_largest(CTorchTensor tensor, int64_t count, int axis, CTorchTensor *out) {
  return produce(out, [&] { return std::get<0>(at::topk(tensor->value, count, axis, true, true)); });
}

int ctorch_matmul(CTorchTensor a, CTorchTensor b, CTorchTensor *out) {
  return produce(out, [&] { return at::matmul(a->value, b->value); });
}

int ctorch_linear(
    CTorchTensor tensor, CTorchTensor weight, CTorchTensor bias, CTorchTensor *out) {
  return produce(out, [&] { return at::linear(tensor->value, weight->value, optional(bias)); });
}

int ctorch_layer_norm(
    CTorchTensor tensor, CTorchTensor weight, CTorchTensor bias, float epsilon,
    CTorchTensor *out) {
  return produce(out, [&] {
    return at::layer_norm(
        tensor->value, weight->value.sizes(), weight->value, bias->value, epsilon);
  });
}

/// The bias as attention takes it under autocast. It is a constant that layers and steps share: it is
/// narrowed once, where autocast would make, and keep for the backward pass, a copy at each use.
static std::optional<at::Tensor> narrowed(CTorchTensor bias) {
  const auto where = device().type();
  if (!bias || !at::autocast::is_autocast_enabled(where) || bias->value.requires_grad())
    return optional(bias);
  const auto type = at::autocast::get_autocast_dtype(where);
  if (!bias->narrow.defined() || bias->narrow.scalar_type() != type)
    bias->narrow = bias->value.to(type);
  return bias->narrow;
}

/// The largest scores that a training step writes out instead of fusing them away, in bytes: those of
/// RAS at the paper's batch of 64, but not those of RLR's 32×32 level at a batch of 4, which its four
/// layers would keep: 700 MiB a step instead of 370.
constexpr int64_t largest_scores = 40 << 20;

/// Whether plain products are faster. On a processor, in 16 bits, the fused kernel's backward pass takes
/// twice the time of plain products, which write the scores out: that pays while they are small.
static bool plain_products_pay(const at::Tensor &queries, const at::Tensor &keys) {
  if (!at::autocast::is_autocast_enabled(at::kCPU) || !at::GradMode::is_enabled()) return false;
  if (!device().is_cpu()) return false;
  return queries.dim() == 4
      && queries.numel() / queries.size(3) * keys.size(2) * int64_t(sizeof(at::BFloat16))
          <= largest_scores;
}

static at::Tensor plain_attention(
    const at::Tensor &queries, const at::Tensor &keys, const at::Tensor &values,
    const std::optional<at::Tensor> &bias) {
  const auto type = at::autocast::get_autocast_dtype(at::kCPU);
  const double scale = 1 / std::sqrt(double(queries.size(3)));
  auto scores = at::matmul(queries.to(type) * scale, keys.to(type).transpose(2, 3));
  if (bias) scores = scores + bias->to(type);
  return at::matmul(at::softmax(scores, 3), values.to(type));
}

int ctorch_attention(
    CTorchTensor queries, CTorchTensor keys, CTorchTensor values, CTorchTensor bias,
    CTorchTensor *out) {
  return produce(out, [&] {
    const auto &q = queries->value, &k = keys->value, &v = values->value;
    const auto batch = std::max({q.size(0), k.size(0), v.size(0)});
    // The fused kernel wants one batch size; what all pictures share is widened, not copied.
    const auto widened = [batch](const at::Tensor &shared) {
      const bool fits = shared.dim() != 4 || shared.size(0) != 1 || batch == 1;
      return fits ? shared : shared.expand({batch, -1, -1, -1});
    };
    if (plain_products_pay(widened(q), k))
      return plain_attention(widened(q), k, v, narrowed(bias));
    return at::scaled_dot_product_attention(widened(q), widened(k), widened(v), narrowed(bias));
  });
}

int ctorch_convolution(
    CTorchTensor tensor, CTorchTensor weight, CTorchTensor bias, int stride,
    const int64_t *padding, int groups, CTorchTensor *out) {
  return produce(out, [&] {
    const auto top = padding[0], left = padding[1], bottom = padding[2], right = padding[3];
    auto input = tensor->value;
    std::vector<int64_t> symmetric{top, left};
    if (top != bottom || left != right) {
      input = at::constant_pad_nd(input, {left, right, top, bottom}, 0);
      symmetric = {0, 0};
    }
    std::vector<int64_t> strides{stride, stride}, dilation{1, 1};
    return at::conv2d(
        input, weight->value, optional(bias), strides, symmetric, dilation, groups);
  });
}

int ctorch_average_pool(
    CTorchTensor tensor, int kernel, int stride, int padding, CTorchTensor *out) {
  return produce(out, [&] {
    return at::avg_pool2d(
        tensor->value, {kernel, kernel}, {stride, stride}, {padding, padding}, false, true);
  });
}

int ctorch_maximum_pool(
    CTorchTensor tensor, int kernel, int stride, int padding, CTorchTensor *out) {
  return produce(out, [&] {
    return at::max_pool2d(
        tensor->value, {kernel, kernel}, {stride, stride}, {padding, padding});
  });
}

int ctorch_resize(CTorchTensor tensor, int64_t height, int64_t width, CTorchTensor *out) {
  return produce(out, [&] {
    return at::upsample_bilinear2d(tensor->value, {height, width}, true);
  });
}

int ctorch_mean_squared_error(CTorchTensor a, CTorchTensor b, CTorchTensor *out) {
  return produce(out, [&] { return at::mse_loss(a->value, b->value); });
}
