/*
 * Primitives of engine/os.h that the portable layers call in these tests, as
 * the simulated caller has them. What engine/windows has of its own is not
 * here.
 */
#include "engine/os.h"

#include "tests/windows/sim.h"

#include "engine/banned.h"

bool sbk_os_elevated(void)
{
	return sim_is_elevated();
}

/* No file of the simulated volume has a content. */
int sbk_os_read_start(const char *path, size_t max, struct sbk_buf *out,
		      struct sbk_error *err)
{
	(void)max;
	(void)out;
	return sbk_error_set(err, SBK_E_NOTFOUND, "'%s' has no content", path);
}

/* For engine/cli.c, of which the tests need how texts are escaped. */
bool sbk_os_interactive(void)
{
	return false;
}

void sbk_os_own_children(void)
{
}

int sbk_os_standard_streams(struct sbk_error *err)
{
	(void)err;
	return 0;
}
