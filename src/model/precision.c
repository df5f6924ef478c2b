#include "model/precision.h"

const char *const precision_name[PRECISION_N] = { "float32", "float16", "int8" };
