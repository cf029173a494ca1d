#include "Images.h"

#include <string.h>

// r = (255 - c)(255 - k)/255, and g and b from m and y.
static int cmyk_to_rgb(VipsImage *scope, VipsImage *cmyk, VipsImage **rgb) {
  VipsImage **t = (VipsImage **)vips_object_local_array(VIPS_OBJECT(scope), 6);
  if (vips_invert(cmyk, &t[0], NULL) || vips_extract_band(t[0], &t[1], 0, "n", 3, NULL) ||
      vips_extract_band(t[0], &t[2], 3, NULL) || vips_multiply(t[1], t[2], &t[3], NULL) ||
      vips_linear1(t[3], &t[4], 1.0 / 255, 0.5, "uchar", TRUE, NULL))
    return -1;
  return vips_copy(t[4], rgb, "interpretation", VIPS_INTERPRETATION_sRGB, NULL);
}

static int refuse_format(VipsImage *image) {
  vips_error(
      "pixels", "%s values in %d bands; 8 or 16 bits in grey, RGB, palette or CMYK are read",
      vips_enum_nick(VIPS_TYPE_BAND_FORMAT, vips_image_get_format(image)),
      vips_image_get_bands(image));
  return -1;
}

// 8 bits a value, whatever the bands.
static int to_bytes(VipsImage *in, VipsImage **out) {
  switch (vips_image_get_format(in)) {
    case VIPS_FORMAT_UCHAR:
      return vips_copy(in, out, NULL);
    case VIPS_FORMAT_USHORT:
      return vips_cast(in, out, VIPS_FORMAT_UCHAR, "shift", TRUE, NULL);
    default:
      return refuse_format(in);
  }
}

int cvips_to_colour(cvips_image *image, cvips_image **result) {
  VipsImage *in = vips_of(image);
  VipsImage *scope = vips_image_new();
  VipsImage **t = (VipsImage **)vips_object_local_array(VIPS_OBJECT(scope), 2);
  VipsInterpretation space = vips_image_guess_interpretation(in);
  VipsImage *out = NULL;
  int status = -1;
  if (space == VIPS_INTERPRETATION_LAB || space == VIPS_INTERPRETATION_LABQ ||
      space == VIPS_INTERPRETATION_LABS || space == VIPS_INTERPRETATION_XYZ) {
    status = vips_colourspace(in, &t[0], VIPS_INTERPRETATION_sRGB, NULL) ||
             vips_extract_band(t[0], &out, 0, "n", 3, NULL);
  } else if (!to_bytes(in, &t[0])) {
    int bands = vips_image_get_bands(t[0]);
    if (space == VIPS_INTERPRETATION_CMYK && bands >= 4)
      status = cmyk_to_rgb(scope, t[0], &out);
    else if (bands <= 2)
      status = vips_extract_band(t[0], &t[1], 0, NULL) ||
               vips_copy(t[1], &out, "interpretation", VIPS_INTERPRETATION_B_W, NULL);
    else if (bands <= 4)
      status = vips_extract_band(t[0], &t[1], 0, "n", 3, NULL) ||
               vips_copy(t[1], &out, "interpretation", VIPS_INTERPRETATION_sRGB, NULL);
    else
      status = refuse_format(in);
  }
  g_object_unref(scope);
  *result = (cvips_image *)out;
  return status ? -1 : 0;
}

int cvips_to_mask(cvips_image *image, cvips_image **result) {
  VipsImage *in = vips_of(image);
  VipsImage *scope = vips_image_new();
  VipsImage **t = (VipsImage **)vips_object_local_array(VIPS_OBJECT(scope), 2);
  VipsImage *out = NULL;
  int colours = vips_image_get_bands(in) - (vips_image_hasalpha(in) ? 1 : 0);
  int status = vips_extract_band(in, &t[0], 0, "n", colours, NULL) ||
               vips_more_const1(t[0], &t[1], 0.0, NULL) || vips_bandor(t[1], &out, NULL);
  g_object_unref(scope);
  *result = (cvips_image *)out;
  return status ? -1 : 0;
}

int cvips_to_rgb(cvips_image *image, cvips_image **result) {
  VipsImage *in = vips_of(image);
  VipsImage *out = NULL;
  int status;
  if (vips_image_get_bands(in) == 3) {
    status = vips_copy(in, &out, NULL);
  } else {
    VipsImage *three[] = {in, in, in};
    status = vips_bandjoin(three, &out, 3, NULL);
  }
  *result = (cvips_image *)out;
  return status;
}

int cvips_width(const cvips_image *image) { return vips_image_get_width(vips_of_const(image)); }
int cvips_height(const cvips_image *image) { return vips_image_get_height(vips_of_const(image)); }
int cvips_bands(const cvips_image *image) { return vips_image_get_bands(vips_of_const(image)); }

int cvips_pages(const cvips_image *image) {
  // Not vips_image_get_n_pages, which takes ten thousand of them for a mistake and says 1.
  const VipsImage *in = vips_of_const(image);
  int pages = 1;
  if (vips_image_get_typeof(in, VIPS_META_N_PAGES) &&
      vips_image_get_int(in, VIPS_META_N_PAGES, &pages))
    return 1;
  return pages;
}

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
