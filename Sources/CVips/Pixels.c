#include "Images.h"

#include <string.h>

int cvips_width(const cvips_image *image) { return vips_image_get_width(vips_of_const(image)); }
int cvips_height(const cvips_image *image) { return vips_image_get_height(vips_of_const(image)); }
int cvips_bands(const cvips_image *image) { return vips_image_get_bands(vips_of_const(image)); }

int cvips_write(cvips_image *image, uint8_t *pixels, size_t size) {
  size_t written = 0;
  void *memory = vips_image_write_to_memory(vips_of(image), &written);
  if (!memory) return -1;
  int fits = written == size;
  if (fits)
    memcpy(pixels, memory, size);
  else
    vips_error("write", "%zu bytes came out, %zu were expected", written, size);
  g_free(memory);
  return fits ? 0 : -1;
}

int cvips_from_pixels(
    const uint8_t *pixels, int width, int height, int bands, cvips_image **image) {
  VipsImage *raw = vips_image_new_from_memory(
      pixels, (size_t)width * height * bands, width, height, bands, VIPS_FORMAT_UCHAR);
  if (!raw) return -1;
  VipsInterpretation space = bands == 1   ? VIPS_INTERPRETATION_B_W
                             : bands == 4 ? VIPS_INTERPRETATION_CMYK
                                          : VIPS_INTERPRETATION_sRGB;
  VipsImage *out = NULL;
  int status = vips_copy(raw, &out, "interpretation", space, NULL);
  g_object_unref(raw);
  *image = (cvips_image *)out;
  return status;
}
