#include "Images.h"

// Bilinear growth about pixel centres. vips_resize would do it a fraction of a pixel off and cut the
// fraction of a grey level away; vips_affine in floating point, with its offsets given, does neither.
static int grow(VipsImage *scope, VipsImage *in, int width, int height, VipsImage **out) {
  VipsImage **t = (VipsImage **)vips_object_local_array(VIPS_OBJECT(scope), 2);
  VipsArea *area = VIPS_AREA(vips_array_int_newv(4, 0, 0, width, height));
  VipsInterpolate *bilinear = vips_interpolate_new("bilinear");
  double across = (double)width / vips_image_get_width(in);
  double down = (double)height / vips_image_get_height(in);
  int status =
      vips_cast(in, &t[0], VIPS_FORMAT_FLOAT, NULL) ||
      vips_affine(
          t[0], &t[1], across, 0.0, 0.0, down, "interpolate", bilinear, "idx", 0.5, "idy", 0.5,
          "odx", -0.5, "ody", -0.5, "oarea", area, "extend", VIPS_EXTEND_COPY, NULL) ||
      cvips_to_levels(scope, t[1], out);
  vips_area_unref(area);
  VIPS_UNREF(bilinear);
  return status ? -1 : 0;
}

// Shrinks by a triangle as wide as the shrinking. Of 8-bit pixels libvips cuts each of its weights to a
// 4096th: of a few that is nothing, of many it adds up to whole grey levels, which floating point keeps.
static int shrink(VipsImage *scope, VipsImage *in, double across, double down, VipsImage **out) {
  VipsImage **t = (VipsImage **)vips_object_local_array(VIPS_OBJECT(scope), 2);
  double strong = 1.0 / 8, strongest = 1.0 / 512;
  // libvips refuses to shrink a thousandfold at once.
  if (across < strongest || down < strongest) {
    int width = vips_image_get_width(in), height = vips_image_get_height(in);
    if (shrink(scope, in, VIPS_MAX(across, strongest), VIPS_MAX(down, strongest), &t[0])) return -1;
    return shrink(
        scope, t[0], across * width / vips_image_get_width(t[0]),
        down * height / vips_image_get_height(t[0]), out);
  }
  if (across >= strong && down >= strong)
    return vips_resize(
        in, out, across, "vscale", down, "kernel", VIPS_KERNEL_LINEAR, "gap", 0.0, NULL);
  return vips_cast(in, &t[0], VIPS_FORMAT_FLOAT, NULL) ||
         vips_resize(
             t[0], &t[1], across, "vscale", down, "kernel", VIPS_KERNEL_LINEAR, "gap", 0.0, NULL) ||
         cvips_to_levels(scope, t[1], out);
}

int cvips_resize(cvips_image *image, int width, int height, cvips_image **result) {
  VipsImage *in = vips_of(image);
  double across = VIPS_MIN(1.0, (double)width / vips_image_get_width(in));
  double down = VIPS_MIN(1.0, (double)height / vips_image_get_height(in));
  VipsImage *scope = vips_image_new();
  VipsImage *small = NULL, *out = NULL;
  int status = shrink(scope, in, across, down, &small);
  if (!status && vips_image_get_width(small) == width && vips_image_get_height(small) == height) {
    out = small;
    small = NULL;
  } else if (!status) {
    status = grow(scope, small, width, height, &out) || cvips_check_size(in, out, width, height);
  }
  g_object_unref(scope);
  VIPS_UNREF(small);
  if (status) VIPS_UNREF(out);
  *result = (cvips_image *)out;
  return status ? -1 : 0;
}
