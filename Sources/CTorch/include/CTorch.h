#pragma once

// The C face of LibTorch: opaque tensor handles, an int status (0 is success), the error's text apart.
// One short function per operation; what an operation means is said in Networks/Value.swift.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ctorch_tensor *CTorchTensor;
typedef struct ctorch_generator *CTorchGenerator;
typedef struct ctorch_graph *CTorchGraph;

/// The text of the calling thread's last failure.
const char *_Nonnull ctorch_last_error(void);

// MARK: Tensors

int ctorch_from_floats(
    const float *_Nonnull values, const int64_t *_Nonnull shape, int rank,
    CTorchTensor _Nullable *_Nonnull out);
/// 16-bit brain floats, widened to 32 bits.
int ctorch_from_bfloats(
    const uint16_t *_Nonnull values, const int64_t *_Nonnull shape, int rank,
    CTorchTensor _Nullable *_Nonnull out);
int ctorch_from_bytes(
    const uint8_t *_Nonnull values, const int64_t *_Nonnull shape, int rank,
    CTorchTensor _Nullable *_Nonnull out);
int ctorch_from_integers(
    const int64_t *_Nonnull values, const int64_t *_Nonnull shape, int rank,
    CTorchTensor _Nullable *_Nonnull out);
/// 16-bit brain floats that stay so.
int ctorch_keep_bfloats(
    const uint16_t *_Nonnull values, const int64_t *_Nonnull shape, int rank,
    CTorchTensor _Nullable *_Nonnull out);
int ctorch_full(
    float value, const int64_t *_Nonnull shape, int rank, CTorchTensor _Nullable *_Nonnull out);
void ctorch_free(CTorchTensor _Nonnull tensor);
int ctorch_rank(CTorchTensor _Nonnull tensor);
int64_t ctorch_size(CTorchTensor _Nonnull tensor, int axis);
/// Copies the elements, row-major, as 32-bit floats; `count` must be the number of elements.
int ctorch_copy_floats(CTorchTensor _Nonnull tensor, float *_Nonnull values, int64_t count);
int ctorch_to_float(CTorchTensor _Nonnull tensor, CTorchTensor _Nullable *_Nonnull out);
int ctorch_to_double(CTorchTensor _Nonnull tensor, CTorchTensor _Nullable *_Nonnull out);
/// Overwrites `tensor` with `values`, in place and outside the gradient's record.
int ctorch_assign(CTorchTensor _Nonnull tensor, const float *_Nonnull values, int64_t count);

/// These change `tensor` in place and outside the gradient's record, without waiting for a GPU.
int ctorch_fill(CTorchTensor _Nonnull tensor, float value);
int ctorch_copy(CTorchTensor _Nonnull tensor, CTorchTensor _Nonnull source);
int ctorch_accumulate(CTorchTensor _Nonnull sum, CTorchTensor _Nonnull value);

// MARK: Devices

bool ctorch_is_built_with_cuda(void);
bool ctorch_has_gpu(void);
bool ctorch_uses_cuda(void);
/// From now on the calling thread's tensors lie and its operations run on the first NVIDIA GPU.
int ctorch_use_cuda(void);
/// While true, tensors that are made from the same values are one tensor, which a recording may read.
void ctorch_keep_constants(bool keep);

/// Records what the calling thread does on the GPU from `begin` to `end`; nothing of it runs before
/// `replay`. The generator's draws are made anew at each replay, by its seed at that moment.
bool ctorch_can_record(void);
int ctorch_record_begin(CTorchGenerator _Nonnull generator, CTorchGraph _Nullable *_Nonnull out);
int ctorch_record_end(CTorchGraph _Nonnull graph);
int ctorch_replay(CTorchGraph _Nonnull graph);
void ctorch_graph_free(CTorchGraph _Nonnull graph);

// MARK: Random numbers

/// With `on_device` the device in use draws; else the processor does, and the same numbers everywhere are
/// brought to the device.
int ctorch_make_generator(
    uint64_t seed, bool on_device, CTorchGenerator _Nullable *_Nonnull out);
int ctorch_reseed(CTorchGenerator _Nonnull generator, uint64_t seed);
void ctorch_generator_free(CTorchGenerator _Nonnull generator);
int ctorch_normal(
    CTorchGenerator _Nonnull generator, const int64_t *_Nonnull shape, int rank,
    CTorchTensor _Nullable *_Nonnull out);
int ctorch_uniform(
    CTorchGenerator _Nonnull generator, const int64_t *_Nonnull shape, int rank,
    CTorchTensor _Nullable *_Nonnull out);
/// N(0, 1), given that it lies within ±limit.
int ctorch_truncated_normal(
    CTorchGenerator _Nonnull generator, const int64_t *_Nonnull shape, int rank, double limit,
    CTorchTensor _Nullable *_Nonnull out);
/// 0 with this probability, else 1 / (1 − probability).
int ctorch_dropout_mask(
    CTorchGenerator _Nonnull generator, const int64_t *_Nonnull shape, int rank,
    float probability, CTorchTensor _Nullable *_Nonnull out);

// MARK: Arithmetic

int ctorch_add(CTorchTensor _Nonnull a, CTorchTensor _Nonnull b, CTorchTensor _Nullable *_Nonnull out);
int ctorch_subtract(CTorchTensor _Nonnull a, CTorchTensor _Nonnull b, CTorchTensor _Nullable *_Nonnull out);
int ctorch_multiply(CTorchTensor _Nonnull a, CTorchTensor _Nonnull b, CTorchTensor _Nullable *_Nonnull out);
int ctorch_divide(CTorchTensor _Nonnull a, CTorchTensor _Nonnull b, CTorchTensor _Nullable *_Nonnull out);
int ctorch_affine(
    CTorchTensor _Nonnull tensor, float scale, float offset, CTorchTensor _Nullable *_Nonnull out);
/// The same values, through which no gradient goes.
int ctorch_detached(CTorchTensor _Nonnull tensor, CTorchTensor _Nullable *_Nonnull out);
int ctorch_sigmoid(CTorchTensor _Nonnull tensor, CTorchTensor _Nullable *_Nonnull out);
int ctorch_relu(CTorchTensor _Nonnull tensor, CTorchTensor _Nullable *_Nonnull out);
int ctorch_relu6(CTorchTensor _Nonnull tensor, CTorchTensor _Nullable *_Nonnull out);
int ctorch_silu(CTorchTensor _Nonnull tensor, CTorchTensor _Nullable *_Nonnull out);
int ctorch_gelu(CTorchTensor _Nonnull tensor, CTorchTensor _Nullable *_Nonnull out);
int ctorch_square_root(CTorchTensor _Nonnull tensor, CTorchTensor _Nullable *_Nonnull out);
int ctorch_softplus(CTorchTensor _Nonnull tensor, CTorchTensor _Nullable *_Nonnull out);
int ctorch_exponential(CTorchTensor _Nonnull tensor, CTorchTensor _Nullable *_Nonnull out);
/// −∞ at 0, with a derivative of 0 there.
int ctorch_logarithm(CTorchTensor _Nonnull tensor, CTorchTensor _Nullable *_Nonnull out);
int ctorch_softmax(CTorchTensor _Nonnull tensor, int axis, CTorchTensor _Nullable *_Nonnull out);

// MARK: Shapes and reductions

int ctorch_reshape(
    CTorchTensor _Nonnull tensor, const int64_t *_Nonnull shape, int rank,
    CTorchTensor _Nullable *_Nonnull out);
int ctorch_permute(
    CTorchTensor _Nonnull tensor, const int64_t *_Nonnull order, int rank,
    CTorchTensor _Nullable *_Nonnull out);
int ctorch_slice(
    CTorchTensor _Nonnull tensor, int axis, int64_t start, int64_t end,
    CTorchTensor _Nullable *_Nonnull out);
/// The elements `indices` of dimension `axis`, in that order.
int ctorch_gather(
    CTorchTensor _Nonnull tensor, int axis, const int64_t *_Nonnull indices, int count,
    CTorchTensor _Nullable *_Nonnull out);
/// The same along the first dimension, by a tensor of 64-bit integers.
int ctorch_select(
    CTorchTensor _Nonnull tensor, CTorchTensor _Nonnull rows, CTorchTensor _Nullable *_Nonnull out);
int ctorch_concatenate(
    const CTorchTensor _Nonnull *_Nonnull tensors, int count, int axis,
    CTorchTensor _Nullable *_Nonnull out);
int ctorch_sum(
    CTorchTensor _Nonnull tensor, const int64_t *_Nonnull axes, int count,
    CTorchTensor _Nullable *_Nonnull out);
int ctorch_mean(
    CTorchTensor _Nonnull tensor, const int64_t *_Nonnull axes, int count,
    CTorchTensor _Nullable *_Nonnull out);
int ctorch_maximum(
    CTorchTensor _Nonnull tensor, const int64_t *_Nonnull axes, int count,
    CTorchTensor _Nullable *_Nonnull out);
/// The `count` largest elements along `axis`, the largest first.
int ctorch_largest(
    CTorchTensor _Nonnull tensor, int64_t count, int axis, CTorchTensor _Nullable *_Nonnull out);

// MARK: Layers

int ctorch_matmul(CTorchTensor _Nonnull a, CTorchTensor _Nonnull b, CTorchTensor _Nullable *_Nonnull out);
int ctorch_linear(
    CTorchTensor _Nonnull tensor, CTorchTensor _Nonnull weight, CTorchTensor _Nullable bias,
    CTorchTensor _Nullable *_Nonnull out);
int ctorch_perceptron(
    CTorchTensor _Nonnull tensor, CTorchTensor _Nonnull weight1, CTorchTensor _Nonnull bias1,
    CTorchTensor _Nonnull weight2, CTorchTensor _Nonnull bias2,
    CTorchTensor _Nullable *_Nonnull out);
int ctorch_layer_norm(
    CTorchTensor _Nonnull tensor, CTorchTensor _Nonnull weight, CTorchTensor _Nonnull bias,
    float epsilon, CTorchTensor _Nullable *_Nonnull out);
int ctorch_attention(
    CTorchTensor _Nonnull queries, CTorchTensor _Nonnull keys, CTorchTensor _Nonnull values,
    CTorchTensor _Nullable bias, CTorchTensor _Nullable *_Nonnull out);
/// `padding`: top, left, bottom, right.
int ctorch_convolution(
    CTorchTensor _Nonnull tensor, CTorchTensor _Nonnull weight, CTorchTensor _Nullable bias,
    int stride, const int64_t *_Nonnull padding, int groups, CTorchTensor _Nullable *_Nonnull out);
int ctorch_average_pool(
    CTorchTensor _Nonnull tensor, int kernel, int stride, int padding,
    CTorchTensor _Nullable *_Nonnull out);
int ctorch_maximum_pool(
    CTorchTensor _Nonnull tensor, int kernel, int stride, int padding,
    CTorchTensor _Nullable *_Nonnull out);
int ctorch_resize(
    CTorchTensor _Nonnull tensor, int64_t height, int64_t width,
    CTorchTensor _Nullable *_Nonnull out);
int ctorch_mean_squared_error(
    CTorchTensor _Nonnull a, CTorchTensor _Nonnull b, CTorchTensor _Nullable *_Nonnull out);

// MARK: Linear algebra

/// L of symmetric positive definite matrices LLᵀ, `[…, n, n]`.
int ctorch_cholesky(CTorchTensor _Nonnull tensor, CTorchTensor _Nullable *_Nonnull out);
/// Of a symmetric matrix, as columns, in rising order of their eigenvalues.
int ctorch_symmetric_eigenvectors(
    CTorchTensor _Nonnull tensor, CTorchTensor _Nullable *_Nonnull out);
/// The inverses of lower triangular matrices, `[…, n, n]`.
int ctorch_invert_lower(CTorchTensor _Nonnull tensor, CTorchTensor _Nullable *_Nonnull out);

// MARK: Differentiation

int ctorch_require_gradient(CTorchTensor _Nonnull tensor);
int ctorch_backward(CTorchTensor _Nonnull loss);
/// `out` is null when the backward pass never reached `tensor`.
int ctorch_gradient(CTorchTensor _Nonnull tensor, CTorchTensor _Nullable *_Nonnull out);
int ctorch_clear_gradient(CTorchTensor _Nonnull tensor);
/// A gradient of zeros, which an optimiser takes for one, where a cleared gradient is none.
int ctorch_zero_gradient(CTorchTensor _Nonnull tensor);
/// Both give back what was in force before.
bool ctorch_set_gradient_recording(bool enabled);
bool ctorch_set_bf16_autocast(bool enabled);

// MARK: Optimisers

/// Scales the gradients so that their joint norm is at most `maximum`; `norm` is the norm before.
int ctorch_clip_gradients(
    const CTorchTensor _Nonnull *_Nonnull parameters, int count, float maximum,
    float *_Nonnull norm);

/// The same without saying the norm, and so without waiting for a GPU.
int ctorch_limit_gradients(
    const CTorchTensor _Nonnull *_Nonnull parameters, int count, float maximum);

typedef struct {
  double rate, beta1, beta2, epsilon, weight_decay;
  /// Decay apart from the gradient (AdamW) rather than added to it (Adam).
  bool decoupled;
  /// The largest mean square so far stands for the present one (AMSGrad); it is kept in `maxima`.
  bool amsgrad;
} CTorchAdam;

/// One step of LibTorch's fused Adam on every parameter that has a gradient. `steps` are one-element
/// tensors, which the kernel counts up. Without AMSGrad nobody looks at `maxima`. `rate`, if any, is a single number
/// that stands for the settings'.
int ctorch_adam_step(
    const CTorchTensor _Nonnull *_Nonnull parameters, const CTorchTensor _Nonnull *_Nonnull means,
    const CTorchTensor _Nonnull *_Nonnull squares,
    const CTorchTensor _Nonnull *_Nonnull maxima, const CTorchTensor _Nonnull *_Nonnull steps,
    int count, CTorchTensor _Nullable rate, CTorchAdam settings);

/// The same by StableAdamW: a parameter's step is divided by the root mean square of gradient over √v̂ where
/// that exceeds 1. The decay is always apart from the gradient.
int ctorch_stable_adam_step(
    const CTorchTensor _Nonnull *_Nonnull parameters, const CTorchTensor _Nonnull *_Nonnull means,
    const CTorchTensor _Nonnull *_Nonnull squares,
    const CTorchTensor _Nonnull *_Nonnull maxima, const CTorchTensor _Nonnull *_Nonnull steps,
    int count, CTorchTensor _Nullable rate, CTorchAdam settings);

// MARK: The machine

/// From now on up to this many bytes of freed tensors are kept for new ones of the same size; the rest
/// goes back to the system.
void ctorch_reuse_memory(int64_t bytes);
/// The bytes that are kept just now.
int64_t ctorch_reusable_memory(void);
void ctorch_set_threads(int count);
int ctorch_threads(void);
bool ctorch_has_fast_bf16(void);
const char *_Nonnull ctorch_version(void);
const char *_Nonnull ctorch_cpu_capability(void);

#ifdef __cplusplus
}
#endif
