#pragma once
#include <openvino/c/openvino.h>

/// The path of the OpenVINO library that this process runs on, or NULL. Its plugins lie beside it.
const char *norma_openvino_library(void);
