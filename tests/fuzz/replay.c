/* Stands in for libFuzzer where there is none: plays the files it is given, and those of the
 * directories it is given, once each. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <talloc.h>

#include "fuzz.h"

static size_t played;

static int play_file(const char *path)
{
	char *data = NULL;
	size_t size = 0;
	FILE *in = fopen(path, "re"), *out;
	int byte;

	if (!in) {
		fprintf(stderr, "unable to open %s: %s\n", path, strerror(errno));
		return 1;
	}
	out = open_memstream(&data, &size);
	while ((byte = getc(in)) != EOF)
		putc(byte, out);
	fclose(in);
	fclose(out);
	/* A copy of the exact size, so that ASan sees what is read behind its end. */
	uint8_t *input = malloc(size ? size : 1);
	memcpy(input, data, size);
	free(data);
	LLVMFuzzerTestOneInput(input, size);
	free(input);
	played++;
	return 0;
}

static int play(const char *path)
{
	struct dirent **entries;
	int status = 0, count = scandir(path, &entries, NULL, alphasort);

	if (count < 0)
		return play_file(path);
	for (int i = 0; i < count; i++) {
		char *file = talloc_asprintf(NULL, "%s/%s", path, entries[i]->d_name);

		if (entries[i]->d_name[0] != '.')
			status |= play_file(file);
		talloc_free(file);
		free(entries[i]);
	}
	free(entries);
	return status;
}

int main(int argc, char **argv)
{
	int status = 0;

	for (int i = 1; i < argc; i++)
		status |= play(argv[i]);
	printf("replayed %zu inputs\n", played);
	return played > 0 ? status : 1;
}
