#include "Images.h"

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
