#include "Handles.h"

using namespace ctorch;

int ctorch_cholesky(CTorchTensor tensor, CTorchTensor *out) {
  return produce(out, [&] { return at::linalg_cholesky(tensor->value); });
}

int ctorch_invert_lower(CTorchTensor tensor, CTorchTensor *out) {
  return produce(out, [&] {
    const auto &lower = tensor->value;
    const auto identity = at::eye(lower.size(-1), lower.options()).expand_as(lower);
    return at::linalg_solve_triangular(lower, identity, /* upper */ false);
  });
}

int ctorch_symmetric_eigenvectors(CTorchTensor tensor, CTorchTensor *out) {
  return produce(out, [&] { return std::get<1>(at::linalg_eigh(tensor->value)); });
}
