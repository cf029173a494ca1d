#pragma once

#include <stddef.h>
#include <stdint.h>

// What Norma needs of libvips, as plain C: libvips' own functions are variadic, which Swift cannot
// call, and its headers bring GLib along. Every function that can fail returns 0 or -1; after -1
// cvips_error() has libvips' own words. Images are reference counted by libvips and lazy: pixels are
// decoded by cvips_write, so that is where a damaged file shows.

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cvips_image cvips_image;

typedef enum {
  CVIPS_JPEG = 0,
  CVIPS_PNG = 1,
  CVIPS_TIFF = 2,
  CVIPS_WEBP = 3,
  CVIPS_BMP = 4,
  CVIPS_GIF = 5,
} cvips_format;

// Starts libvips (once, before anything else; safe to call again): one thread per picture, no cache
// of operations, no vector code, and no loader but the six above.
int cvips_start(const char *program);

// libvips' version, such as "8.14.1".
const char *cvips_version(void);

// The error messages since the last call, without a trailing newline, and empties the buffer. The
// buffer belongs to the whole process. Free with cvips_release_bytes.
char *cvips_error(void);

// Reads the header of an encoded picture of the given format. `bytes` must outlive the image. With
// `oriented` the EXIF orientation is applied; otherwise it is ignored.
int cvips_open(
    const void *bytes, size_t length, cvips_format format, int oriented, cvips_image **image);

int cvips_width(const cvips_image *image);
int cvips_height(const cvips_image *image);
int cvips_bands(const cvips_image *image);

// How many pages or frames the file has that the picture came from, of which it is the first; 1 where the
// format does not say.
int cvips_pages(const cvips_image *image);

// 8-bit pixels with one band (grey) or three (sRGB): 16 bits keep their upper eight, alpha is
// dropped, CMYK becomes (255 - c)(255 - k)/255 and so on, as PIL's convert("RGB") does.
int cvips_to_colour(cvips_image *image, cvips_image **result);

// 255 where any band but alpha is above zero, else 0; one band.
int cvips_to_mask(cvips_image *image, cvips_image **result);

// Resized to width × height without keeping the aspect: antialiased bilinear when shrinking,
// bilinear when growing.
int cvips_resize(cvips_image *image, int width, int height, cvips_image **result);

// Blurred by a Gaussian of this deviation in pixels; beyond the edges their pixels go on.
int cvips_blur(cvips_image *image, double deviation, cvips_image **result);

// factor · value + offset, rounded, and held to 0…255.
int cvips_linear(cvips_image *image, double factor, double offset, cvips_image **result);

// Moved by whole pixels to the right and down (negative: left and up), at the same size; where nothing
// comes from, the edge goes on.
int cvips_shift(cvips_image *image, int right, int down, cvips_image **result);

// Turned clockwise about the centre, bilinear, at the same size; beyond the edges their pixels go on.
int cvips_rotate(cvips_image *image, double degrees, cvips_image **result);

// Three bands from one, or the same three.
int cvips_to_rgb(cvips_image *image, cvips_image **result);

// Decodes into `pixels`, which holds `size` = width·height·bands bytes of an 8-bit image.
int cvips_write(cvips_image *image, uint8_t *pixels, size_t size);

// An image over 8-bit pixels that the caller keeps alive: 1 band is grey, 3 sRGB, 4 CMYK.
int cvips_from_pixels(
    const uint8_t *pixels, int width, int height, int bands, cvips_image **image);

// Encodes; quality (1-100) is for JPEG and WebP. Free the bytes with cvips_release_bytes.
int cvips_encode(
    cvips_image *image, cvips_format format, int quality, void **bytes, size_t *length);

void cvips_release(cvips_image *image);
void cvips_release_bytes(void *bytes);

// Frees what libvips keeps for the calling thread; call before such a thread ends (harmless if
// nothing was started).
void cvips_end_thread(void);

#ifdef __cplusplus
}
#endif
