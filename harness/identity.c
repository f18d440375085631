#include "identity.h"

#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include <sha2.h>
#include <talloc.h>

#include "cmd.h"

static void set_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, json_string(text));
}

static void set_checksum(json_t *object, const char *key, const char *path)
{
	char digest[SHA256_DIGEST_STRING_LENGTH] = "";

	SHA256File(path, digest);
	digest[16] = '\0'; /* enough: nobody makes two alike on purpose */
	set_text(object, key, digest);
}

static json_t *identify_programs(void)
{
	json_t *programs = json_object();
	char *actor = actor_path(NULL);

	set_checksum(programs, "sigmatrix", "/proc/self/exe");
	set_checksum(programs, "actor", actor ? actor : "");
	talloc_free(actor);
	return programs;
}

static json_t *identify_cases(const struct identity *identity)
{
	json_t *cases = json_object();

	for (size_t i = 0; i < identity->case_count; i++)
		set_checksum(cases, identity->cases[i]->name, identity->cases[i]->path);
	return cases;
}

static void hash_words(SHA2_CTX *hash, const char *const *words)
{
	for (; words && *words; words++)
		SHA256Update(hash, (const uint8_t *)*words, strlen(*words) + 1);
	SHA256Update(hash, (const uint8_t *)"\n", 1);
}

/* Program and version as people know them, and a checksum of how it is started. */
static void add_shell(json_t *shells, const struct shell *shell)
{
	const char *const single[] = {shell->argv0 ? shell->argv0 : "", shell->dialect,
		shell->startup_text ? shell->startup_text : "", NULL};
	char polls[32];
	const char *const link[] = {shell->environment_lost ? "lost" : "kept",
		timer_kind_word(shell->timer.kind), shell->untraced ? "untraced" : "traced",
		shell->timer.polling_ms ? polls : NULL, NULL};
	const char *const *const lists[] = {single, shell->options, shell->command, shell->script,
		shell->stdin_words, shell->interactive, shell->env, shell->lacks, link,
		shell->arguments};
	char digest[SHA256_DIGEST_STRING_LENGTH], *text;
	SHA2_CTX hash;

	snprintf(polls, sizeof(polls), "%d", shell->timer.polling_ms);
	SHA256Init(&hash);
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		hash_words(&hash, lists[i]);
	for (size_t i = 0; i < shell->file_count; i++)
		hash_words(&hash,
			(const char *const[]){shell->files[i].name, shell->files[i].text, NULL});
	SHA256End(&hash, digest);
	text = talloc_asprintf(NULL, "%s %s (file %.8s, started as %.8s)",
		shell->file ? shell->file : "missing", shell->version, shell->sha256, digest);
	set_text(shells, shell->name, text);
	talloc_free(text);
}

static json_t *identify_shells(const struct identity *identity)
{
	json_t *shells = json_object();

	for (size_t i = 0; i < identity->catalogue_count; i++)
		add_shell(shells, identity->catalogue[i]);
	for (size_t i = 0; i < identity->shell_count; i++)
		add_shell(shells, identity->shells[i]);
	return shells;
}

static json_t *identify_options(const struct identity *identity)
{
	json_t *options = json_object();
	char *names = talloc_strdup(NULL, "");

	for (size_t i = 0; i < identity->shell_count; i++)
		names = talloc_asprintf_append(
			names, "%s%s", i > 0 ? " " : "", identity->shells[i]->name);
	set_text(options, "--shell", names);
	set_text(options, "--repeat", talloc_asprintf(names, "%ld", identity->repeat));
	set_text(options, "--timeout-factor",
		talloc_asprintf(names, "%g", identity->timeout_factor));
	set_text(options, "--trace", identity->host->trace);
	set_text(options, "--isolation", identity->host->isolation);
	talloc_free(names);
	return options;
}

json_t *identify_run(const struct identity *identity)
{
	const struct host_record *host = identity->host;

	return json_pack("{s:o, s:o, s:o, s:o, s:{s:s, s:s, s:s, s:s}}", "option",
		identify_options(identity), "shell", identify_shells(identity), "case",
		identify_cases(identity), "program", identify_programs(), "machine", "kernel",
		host->kernel, "architecture", host->machine, "system", host->system, "user",
		host->user);
}
