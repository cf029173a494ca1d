// What the files of this library share: libvips' pictures behind the opaque ones of CVips.h.
#pragma once

#include <vips/vips.h>

#include "CVips.h"

static inline VipsImage *vips_of(cvips_image *image) { return (VipsImage *)image; }

static inline const VipsImage *vips_of_const(const cvips_image *image) {
  return (const VipsImage *)image;
}

// The nearest whole grey level of floating-point pixels; what it makes on the way lives as long as `scope`.
int cvips_to_levels(VipsImage *scope, VipsImage *in, VipsImage **out);

// An error, which names the size of `in`, unless `out` has the size that was asked for.
int cvips_check_size(VipsImage *in, VipsImage *out, int width, int height);
