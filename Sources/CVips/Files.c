#include "Images.h"

#include <string.h>

static int load(
    const void *bytes, size_t length, cvips_format format, VipsAccess access, VipsImage **image) {
  void *data = (void *)bytes;
  switch (format) {
    case CVIPS_JPEG:
      return vips_jpegload_buffer(
          data, length, image, "access", access, "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL);
    case CVIPS_PNG:
      return vips_pngload_buffer(
          data, length, image, "access", access, "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL);
    case CVIPS_TIFF:
      return vips_tiffload_buffer(
          data, length, image, "access", access, "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL);
    case CVIPS_WEBP:
      return vips_webpload_buffer(
          data, length, image, "access", access, "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL);
    case CVIPS_BMP:
      if (length < 2 || memcmp(bytes, "BM", 2) != 0) {
        vips_error("bmp", "no BMP signature");
        return -1;
      }
      return vips_magickload_buffer(
          data, length, image, "access", access, "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL);
  }
  vips_error("load", "unknown format");
  return -1;
}

int cvips_open(
    const void *bytes, size_t length, cvips_format format, int oriented, cvips_image **image) {
  VipsImage *loaded = NULL;
  // Turning needs the pixels in any order; everything else takes them from top to bottom.
  VipsAccess access = oriented ? VIPS_ACCESS_RANDOM : VIPS_ACCESS_SEQUENTIAL;
  if (load(bytes, length, format, access, &loaded)) return -1;
  if (!oriented) {
    *image = (cvips_image *)loaded;
    return 0;
  }
  VipsImage *upright = NULL;
  int status = vips_autorot(loaded, &upright, NULL);
  g_object_unref(loaded);
  *image = (cvips_image *)upright;
  return status;
}

int cvips_encode(
    cvips_image *image, cvips_format format, int quality, void **bytes, size_t *length) {
  VipsImage *in = vips_of(image);
  switch (format) {
    case CVIPS_JPEG:
      return vips_jpegsave_buffer(in, bytes, length, "Q", quality, "strip", TRUE, NULL);
    case CVIPS_PNG:
      return vips_pngsave_buffer(in, bytes, length, "strip", TRUE, NULL);
    case CVIPS_TIFF:
      return vips_tiffsave_buffer(in, bytes, length, NULL);
    case CVIPS_WEBP:
      return vips_webpsave_buffer(in, bytes, length, "Q", quality, "lossless", quality >= 100, NULL);
    case CVIPS_BMP:
      break;
  }
  vips_error("encode", "this format is read but not written");
  return -1;
}
