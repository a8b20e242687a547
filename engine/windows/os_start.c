/*
 * The first bytes of a file that a scope names, by its pinned path. Apart from
 * os_path.c, since the simulation of a volume has no content (tests/windows).
 */
#include "engine/os.h"

#include "engine/windows/named.h"
#include "engine/windows/pin.h"

#include "engine/banned.h"

int sbk_os_read_start(const char *path, size_t max, struct sbk_buf *out,
		      struct sbk_error *err)
{
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc;

	sbk_buf_clear(out);
	rc = sbk_pin_path(path, GENERIC_READ, &pin, err);
	if (rc == 0)
		rc = sbk_named_read_start(pin.handle, path, max, out, err);
	sbk_pin_release(&pin);
	return rc;
}
