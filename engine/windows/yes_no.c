/* See the header. */
#include "engine/windows/yes_no.h"

#include <string.h>

#include "engine/banned.h"

int sbk_yes_no_observe(const struct sbk_yes_no *kind, void *self,
		       struct sbk_observation *out, struct sbk_error *err)
{
	bool is = false;
	int rc = kind->look(self, &is, err);

	if (rc == 0 && is)
		sbk_buf_adds(&out->state, kind->state);
	return rc < 0 ? rc : sbk_buf_failed(&out->state, err);
}

static int state_of(const struct sbk_yes_no *kind, struct sbk_state state,
		    bool *is, struct sbk_error *err)
{
	*is = !sbk_state_absent(state);
	if (!*is ||
	    sbk_state_equal(state, (struct sbk_state){kind->state,
						      strlen(kind->state)}))
		return 0;
	return sbk_error_set(err, SBK_E_PARSE, "the state of a %s is malformed",
			     kind->noun);
}

int sbk_yes_no_replace(const struct sbk_yes_no *kind, void *self,
		       const char *name, struct sbk_state expected,
		       struct sbk_state next, struct sbk_error *err)
{
	bool before = false, after = false, now = false;
	int rc = state_of(kind, expected, &before, err);

	if (rc == 0)
		rc = state_of(kind, next, &after, err);
	if (rc == 0)
		rc = kind->look(self, &now, err);
	if (rc == 0 && now != before)
		rc = sbk_error_set(err, SBK_E_CONFLICT,
				   "%s '%.200s' was changed meanwhile",
				   kind->noun, name);
	if (rc == 0 && after != now)
		rc = kind->set(self, after, err);
	if (rc == 0)
		rc = kind->look(self, &now, err);
	if (rc == 0 && now != after)
		rc = sbk_error_set(err, SBK_E_IO,
				   "the system reported success but %s "
				   "'%.200s' is not what was asked for",
				   kind->noun, name);
	return rc;
}
