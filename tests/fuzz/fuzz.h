/* What the fuzz targets share. A target is one LLVMFuzzerTestOneInput(): libFuzzer calls it with
 * inputs it makes up, replay.c with those of the corpus. */
#ifndef SIGMATRIX_FUZZ_H
#define SIGMATRIX_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "model/diag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process as a crash does, saying what does not hold. */
#define demand(holds, ...)                                                                         \
	do {                                                                                       \
		if (!(holds))                                                                      \
			broken_promise(__FILE__, __LINE__, __VA_ARGS__);                           \
	} while (0)

void broken_promise(const char *file, int line, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

/* Every complaint names the file, and its line unless the fault is one of the whole file (whole:
 * the beginnings of such complaints, NULL-terminated); printed, none holds what a terminal would
 * obey. 'lines': how many the file has. */
void check_complaints(
	const struct diag *diag, const char *path, const char *const *whole, size_t lines);

/* How many lines the data has; what stands behind the last newline is one too. */
size_t count_lines(const uint8_t *data, size_t size);

/* No control characters but newline and tab. */
void check_harmless(const char *text, size_t length);

#endif
