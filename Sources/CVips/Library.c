#include "Images.h"

#include <string.h>
#include <vips/vector.h>  // which needs vips.h before it

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
      "VipsForeignLoadNsgif",
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

void cvips_release(cvips_image *image) {
  if (image) g_object_unref(vips_of(image));
}

void cvips_release_bytes(void *bytes) { g_free(bytes); }

void cvips_end_thread(void) {
  if (g_atomic_pointer_get(&once)) vips_thread_shutdown();
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
    case CVIPS_GIF:
      return vips_gifload_buffer(
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
    case CVIPS_GIF:
      break;
  }
  vips_error("encode", "this format is read but not written");
  return -1;
}
