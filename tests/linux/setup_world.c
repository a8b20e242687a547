/* See the header. */
#include "tests/linux/setup_world.h"

#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

void world_init(struct world *w)
{
	struct sbk_error err = SBK_ERROR_INIT;

	memset(w, 0, sizeof(*w));
	assert_ok(sbk_os_backend(&w->backend, &err), &err);
	w->person = (struct sbk_person){.uid = 1000, .name = "ann"};
	w->other = (struct sbk_person){.uid = 0, .name = "root"};
	w->before = host_manifest();
}

void world_release(struct world *w)
{
	sbk_backend_close(&w->backend);
	free(w->before);
}

struct sbk_plan *plan_for(struct world *w, const struct sbk_person *person)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_plan *plan = sbk_plan_new();

	assert_ok(sbk_plan_setup(&w->backend, person, NULL, plan, &err), &err);
	return plan;
}

struct sbk_plan *set_up(struct world *w, const struct sbk_person *person)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_plan *plan = plan_for(w, person);

	assert_ok(host_apply(&w->backend, plan, &err), &err);
	return plan;
}
