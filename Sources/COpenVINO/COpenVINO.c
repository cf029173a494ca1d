// dladdr is an extension on Linux.
#define _GNU_SOURCE
#include "COpenVINO.h"

#include <dlfcn.h>

const char *norma_openvino_library(void) {
  Dl_info info;
  return dladdr((const void *)&ov_core_create, &info) ? info.dli_fname : NULL;
}
