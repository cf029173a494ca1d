#include "Images.h"

#include <math.h>

int cvips_to_levels(VipsImage *scope, VipsImage *in, VipsImage **out) {
  VipsImage **t = (VipsImage **)vips_object_local_array(VIPS_OBJECT(scope), 1);
  return vips_rint(in, &t[0], NULL) || vips_cast(t[0], out, VIPS_FORMAT_UCHAR, NULL);
}

int cvips_check_size(VipsImage *in, VipsImage *out, int width, int height) {
  if (vips_image_get_width(out) == width && vips_image_get_height(out) == height) return 0;
  vips_error(
      "resize", "%d × %d pixels came out as %d × %d", vips_image_get_width(in),
      vips_image_get_height(in), vips_image_get_width(out), vips_image_get_height(out));
  return -1;
}

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

int cvips_blur(cvips_image *image, double deviation, cvips_image **result) {
  VipsImage *scope = vips_image_new();
  VipsImage **t = (VipsImage **)vips_object_local_array(VIPS_OBJECT(scope), 1);
  VipsImage *out = NULL;
  // The default kernel is whole numbers and ends where it falls below a fifth of its height.
  int status = vips_gaussblur(
                   vips_of(image), &t[0], deviation, "precision", VIPS_PRECISION_FLOAT, "min_ampl",
                   0.001, NULL) ||
               cvips_to_levels(scope, t[0], &out);
  g_object_unref(scope);
  *result = (cvips_image *)out;
  return status ? -1 : 0;
}

int cvips_linear(cvips_image *image, double factor, double offset, cvips_image **result) {
  VipsImage *scope = vips_image_new();
  VipsImage **t = (VipsImage **)vips_object_local_array(VIPS_OBJECT(scope), 3);
  VipsImage *out = NULL;
  // Of 8-bit pixels vips_linear would compute in single precision, which rounds some halves down.
  int status = vips_cast(vips_of(image), &t[0], VIPS_FORMAT_DOUBLE, NULL) ||
               vips_linear1(t[0], &t[1], factor, offset + 0.5, NULL) ||
               vips_floor(t[1], &t[2], NULL) || vips_cast(t[2], &out, VIPS_FORMAT_UCHAR, NULL);
  g_object_unref(scope);
  *result = (cvips_image *)out;
  return status ? -1 : 0;
}

int cvips_shift(cvips_image *image, int right, int down, cvips_image **result) {
  VipsImage *in = vips_of(image);
  int width = vips_image_get_width(in), height = vips_image_get_height(in);
  VipsImage *out = NULL;
  // Farther than its size less one nothing but the edge is left, and vips_embed refuses.
  right = VIPS_CLIP(1 - width, right, width - 1);
  down = VIPS_CLIP(1 - height, down, height - 1);
  int status =
      vips_embed(in, &out, right, down, width, height, "extend", VIPS_EXTEND_COPY, NULL);
  *result = (cvips_image *)out;
  return status;
}

// A sine or cosine, which is exactly 0 where it should be, so that quarter turns hit whole pixels.
static double settled(double value) { return fabs(value) < 1e-12 ? 0.0 : value; }

int cvips_rotate(cvips_image *image, double degrees, cvips_image **result) {
  VipsImage *in = vips_of(image);
  int width = vips_image_get_width(in), height = vips_image_get_height(in);
  VipsImage *scope = vips_image_new();
  VipsImage **t = (VipsImage **)vips_object_local_array(VIPS_OBJECT(scope), 3);
  VipsArea *area = VIPS_AREA(vips_array_int_newv(4, 0, 0, width, height));
  VipsInterpolate *bilinear = vips_interpolate_new("bilinear");
  double angle = degrees * G_PI / 180, c = settled(cos(angle)), s = settled(sin(angle));
  double across = (width - 1) / 2.0, down = (height - 1) / 2.0;
  // What vips_affine finds outside its input is black, so the edges are grown first, as far as a
  // corner can come to lie.
  int margin = VIPS_MAX(width, height) / 2 + 2;
  VipsImage *out = NULL;
  int status = vips_embed(
                   in, &t[0], margin, margin, width + 2 * margin, height + 2 * margin, "extend",
                   VIPS_EXTEND_COPY, NULL) ||
               vips_cast(t[0], &t[1], VIPS_FORMAT_FLOAT, NULL) ||
               vips_affine(
                   t[1], &t[2], c, -s, s, c, "interpolate", bilinear, "idx", -(margin + across),
                   "idy", -(margin + down), "odx", across, "ody", down, "oarea", area, "extend",
                   VIPS_EXTEND_COPY, NULL) ||
               cvips_to_levels(scope, t[2], &out) || cvips_check_size(in, out, width, height);
  vips_area_unref(area);
  VIPS_UNREF(bilinear);
  g_object_unref(scope);
  if (status) VIPS_UNREF(out);
  *result = (cvips_image *)out;
  return status ? -1 : 0;
}
