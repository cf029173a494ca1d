#pragma once

#include <string>
#include <unordered_map>

#include "Handles.h"

namespace ctorch {

/// Tensors that the program made from its own memory, by their content.
using Constants = std::unordered_map<std::string, at::Tensor>;

/// Hands out the constants kept since `ctorch_keep_constants` and keeps no more of them.
Constants take_constants();

}  // namespace ctorch
