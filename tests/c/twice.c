/* The header twice in one file, in one of two files of a program. */
#include <refrain.h>
#include <refrain.h>

uint32_t version_of_header(void);
uint32_t version_of_header(void) { return REFRAIN_VERSION_NUMBER; }
