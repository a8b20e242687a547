/* Access states of Windows from SDDL, and back, for tests on any system. */
#ifndef SBK_TEST_NT_STATE_H
#define SBK_TEST_NT_STATE_H

#include <stdbool.h>

#include "engine/buf.h"
#include "engine/object.h"

/* Appends the canonical state of a descriptor; aborts where it cannot. */
void nt_state_add(struct sbk_buf *out, const char *sddl, bool is_directory);
/* The SDDL of a state's descriptor: appended, terminated. */
void nt_state_sddl(struct sbk_state state, struct sbk_buf *out);

static inline struct sbk_state nt_state_of(const struct sbk_buf *buf)
{
	return (struct sbk_state){.data = sbk_buf_text(buf), .size = buf->size};
}

#endif
