/*
 * The files of a directory for our own records, removed by their names. Removes
 * nothing that is not named, and "made" last, so that a removal that was cut
 * short can be repeated.
 */
#include "engine/os_storage.h"

#include "engine/banned.h"

int sbk_store_unlink_all(const struct sbk_store *store,
			 const char *const *names, struct sbk_error *err)
{
	int rc = 0;

	for (; rc == 0 && *names != NULL; names++)
		rc = sbk_store_unlink(store, *names, err);
	return rc < 0 ? rc : sbk_store_unlink(store, SBK_STORE_MADE, err);
}
