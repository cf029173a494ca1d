#include "CVips.h"

#include <math.h>
#include <string.h>
#include <vips/vips.h>

#include <vips/vector.h>  // which needs vips.h before it

static VipsImage *vips_of(cvips_image *image) { return (VipsImage *)image; }

static const VipsImage *vips_of_const(const cvips_image *image) {
  return (const VipsImage *)image;
}

static void keep_quiet(
    const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer data) {
  // libvips' warnings would land between the lines that a person or a program reads; what matters
  // comes back as an error.
  (void)domain, (void)level, (void)message, (void)data;
}

static int allow_only_known_loaders(void) {
  vips_block_untrusted_set(TRUE);
  vips_operation_block_set("VipsForeignLoad", TRUE);
  const char *const allowed[] = {
      "VipsForeignLoadJpeg", "VipsForeignLoadPng", "VipsForeignLoadTiff", "VipsForeignLoadWebp",
      // Debian's libvips reads BMP through ImageMagick only. The loader is called for bytes with a
      // BMP's signature and for nothing else (cvips_open).
      "VipsForeignLoadMagick", "VipsForeignLoadMagick7"};
  for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
    vips_operation_block_set(allowed[i], FALSE);
  return 0;
}

static int start(const char *program) {
  g_log_set_handler(
      "VIPS", G_LOG_LEVEL_WARNING | G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG, keep_quiet, NULL);
  if (vips_init(program)) return -1;
  vips_concurrency_set(1);
  vips_cache_set_max(0);
  // Before 8.15, libvips has Orc compile vector code for every resizing, and Orc 0.4.33 (Debian 12) now
  // and then crashes where several threads do that at once. Plain code also gives the same pixels on
  // every processor.
  vips_vector_set_enabled(FALSE);
  return allow_only_known_loaders();
}

static gsize once = 0;

int cvips_start(const char *program) {
  static int status = -1;
  if (g_once_init_enter(&once)) {
    status = start(program);
    g_once_init_leave(&once, 1);
  }
  return status;
}

const char *cvips_version(void) { return vips_version_string(); }

char *cvips_error(void) {
  char *text = vips_error_buffer_copy();
  g_strchomp(text);
  return text;
}

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

int cvips_width(const cvips_image *image) { return vips_image_get_width(vips_of_const(image)); }
int cvips_height(const cvips_image *image) { return vips_image_get_height(vips_of_const(image)); }
int cvips_bands(const cvips_image *image) { return vips_image_get_bands(vips_of_const(image)); }

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

// The nearest whole grey level of floating-point pixels.
static int to_levels(VipsImage *scope, VipsImage *in, VipsImage **out) {
  VipsImage **t = (VipsImage **)vips_object_local_array(VIPS_OBJECT(scope), 1);
  return vips_rint(in, &t[0], NULL) || vips_cast(t[0], out, VIPS_FORMAT_UCHAR, NULL);
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
      to_levels(scope, t[1], out);
  vips_area_unref(area);
  VIPS_UNREF(bilinear);
  return status ? -1 : 0;
}

static int check_size(VipsImage *in, VipsImage *out, int width, int height) {
  if (vips_image_get_width(out) == width && vips_image_get_height(out) == height) return 0;
  vips_error(
      "resize", "%d × %d pixels came out as %d × %d", vips_image_get_width(in),
      vips_image_get_height(in), vips_image_get_width(out), vips_image_get_height(out));
  return -1;
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
         to_levels(scope, t[1], out);
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
    status = grow(scope, small, width, height, &out) || check_size(in, out, width, height);
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
               to_levels(scope, t[0], &out);
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
               to_levels(scope, t[2], &out) || check_size(in, out, width, height);
  vips_area_unref(area);
  VIPS_UNREF(bilinear);
  g_object_unref(scope);
  if (status) VIPS_UNREF(out);
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

void cvips_release(cvips_image *image) {
  if (image) g_object_unref(vips_of(image));
}

void cvips_release_bytes(void *bytes) { g_free(bytes); }

void cvips_end_thread(void) {
  if (g_atomic_pointer_get(&once)) vips_thread_shutdown();
}
