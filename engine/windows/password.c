/* See the header. */
#include "engine/windows/password.h"

#include <stdbool.h>
#include <string.h>

#include "engine/banned.h"

/* 26 + 26 + 10 + 2: a power of two, so that six bits choose without bias. */
static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz"
			       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "0123456789-_";

/* Seven in ten draws have all classes. */
#define DRAWS_MAX 200

void sbk_password_wipe(void *secret, size_t size)
{
	volatile unsigned char *byte = secret;

	while (size > 0)
		byte[--size] = 0;
}

static bool has_all_classes(const char *text)
{
	unsigned classes = 0;

	for (; *text != '\0'; text++) {
		const size_t at = (size_t)(strchr(alphabet, *text) - alphabet);

		classes |= at < 26 ? 1u : at < 52 ? 2u : at < 62 ? 4u : 8u;
	}
	return classes == 15;
}

int sbk_password_make(sbk_random_fn *random, void *arg,
		      char out[SBK_PASSWORD_CHARACTERS + 1],
		      struct sbk_error *err)
{
	uint8_t bytes[SBK_PASSWORD_CHARACTERS];
	char drawn[SBK_PASSWORD_CHARACTERS + 1] = "";
	bool usable = false;
	size_t i, draws;
	int rc = 0;

	for (draws = 0; rc == 0 && !usable && draws < DRAWS_MAX; draws++) {
		rc = random(arg, bytes, sizeof(bytes), err);
		for (i = 0; rc == 0 && i < sizeof(bytes); i++)
			drawn[i] = alphabet[bytes[i] % 64];
		usable = rc == 0 && has_all_classes(drawn);
	}
	if (usable)
		memcpy(out, drawn, sizeof(drawn));
	else if (rc == 0)
		rc = sbk_error_set(err, SBK_E_IO,
				   "the system's generator gives no random "
				   "bytes");
	sbk_password_wipe(bytes, sizeof(bytes));
	sbk_password_wipe(drawn, sizeof(drawn));
	return rc;
}
