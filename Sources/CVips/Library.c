#include "Images.h"

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
