/*
 * Fuzz target: a policy text of every layer, then each profile of it written
 * out. The text may end anywhere and be anything; what it must not do is
 * crash, hang, or be accepted with something left out.
 *
 * With SBK_FUZZ a fuzzer links its own main(); otherwise standalone.c replays
 * the files that it is given.
 */
#include <stdint.h>
#include <stdlib.h>

#include "engine/policy_model.h"

#include "engine/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void flatten_all(const struct sbk_policy_file *file,
			struct sbk_arena *arena)
{
	size_t i;

	for (i = 0; i < file->profile_count && i < 16; i++) {
		struct sbk_settings settings = {.profile = NULL};

		/* A profile may name others that are not there. */
		(void)sbk_profile_flatten(file, 1, file->profiles[i].name,
					  arena, &settings, NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum sbk_layer layers[] = {
		SBK_LAYER_MACHINE, SBK_LAYER_USER, SBK_LAYER_PROJECT};
	size_t i;

	for (i = 0; i < 3; i++) {
		struct sbk_arena arena = SBK_ARENA_INIT;
		struct sbk_error err = SBK_ERROR_INIT;
		struct sbk_policy_file file;
		int rc = sbk_policy_parse("fuzz", layers[i], (const char *)data,
					  size, &arena, &file, &err);

		if (rc == 0)
			flatten_all(&file, &arena);
		else if (err.message[0] == '\0')
			abort(); /* a refusal without a reason */
		if (rc == 0 && layers[i] == SBK_LAYER_PROJECT &&
		    file.profile_count > 0)
			abort(); /* a project that widens */
		sbk_arena_release(&arena);
	}
	return 0;
}
