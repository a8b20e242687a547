/*
 * Fuzz target: pages of a journal of changes, the first of which begins behind
 * a hole of 1 GiB. What is believed of a record stands where it says that it
 * does, and each page ends.
 */
#include <stdlib.h>

#include "engine/ntfs/usn.h"

#include "engine/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BEGIN ((uint64_t)1 << 30)

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void read_page(const uint8_t *data, size_t size, uint64_t begins)
{
	const struct sbk_view page = sbk_view_of(data, size);
	struct sbk_ntfs_usn usn;
	size_t at = 0, before = 0;

	while (sbk_ntfs_usn_next(page, begins, &at, &usn) > 0) {
		must(at >= before + 8 && at <= size && at % 8 == 0);
		must(usn.usn == begins + before);
		must(usn.major == 2 || usn.major == 3 ||
		     (usn.reference == 0 && usn.time == 0 && usn.reason == 0));
		before = at;
	}
	must(at == before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t at, part;

	for (at = 0; at < size; at += part) {
		part = SBK_NTFS_USN_PAGE;
		if (part > size - at)
			part = size - at;
		read_page(data + at, part, BEGIN + at);
	}
	return 0;
}
