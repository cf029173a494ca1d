#pragma once
// inflate and crc32 of the system's zlib.
#include <zlib.h>
