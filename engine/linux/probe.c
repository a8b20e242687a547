/*
 * The carriers of this machine, proved: a whole sandbox is built, with its
 * own checks, and thrown away before anything is started in it.
 */
#include <string.h>

#include "engine/linux/landlock.h"
#include "engine/linux/launch.h"
#include "engine/linux/seccomp.h"

#include "engine/banned.h"

struct probe {
	struct sbk_carriers carriers;
};

static int keep_carriers(void *arg, const struct sbk_carriers *carriers,
			 int pid, struct sbk_error *err)
{
	struct probe *probe = arg;

	(void)pid;
	(void)err;
	probe->carriers = *carriers;
	return 0;
}

int sbk_carriers_probe(const struct sbk_run_options *options,
		       enum sbk_network network, struct sbk_carriers *out,
		       struct sbk_error *err)
{
	struct sbk_scope scope = {
		.network = network, .best_effort = true, .directory = "/"};
	struct probe probe;
	struct sbk_run_hooks hooks = {.ready = keep_carriers, .arg = &probe};
	struct sbk_run_end end;
	int rc;

	memset(&probe, 0, sizeof(probe));
	rc = sbk_run_launch(&scope, options, NULL, &hooks, &end, err);
	if (rc < 0 && rc != SBK_E_NOMEM) {
		/* Namespaces can be made, and the world in them cannot. */
		probe.carriers.namespaces = false;
		sbk_carriers_describe(&probe.carriers, network, err->message);
		sbk_error_clear(err);
		rc = 0;
	}
	if (rc == 0)
		*out = probe.carriers;
	return rc;
}
