/*
 * What the backend keeps between two calls. Shared by the files that work on
 * paths; the other kinds see it only through engine/windows/kinds.h.
 */
#ifndef SBK_WINDOWS_HOST_H
#define SBK_WINDOWS_HOST_H

#include "engine/windows/keyring.h"
#include "engine/windows/kinds.h"
#include "engine/windows/pin.h"

struct sbk_host {
	struct sbk_volumes volumes;
	struct sbk_keyring keyring;
};

/* The slots of engine/backend.h that are not of one kind. */
int sbk_host_walk(struct sbk_host *host, const char *root, sbk_visit_fn *visit,
		  void *arg, struct sbk_error *err);
int sbk_host_survey(struct sbk_host *host, const char *root,
		    sbk_visit_fn *visit, void *arg, struct sbk_error *err);
int sbk_host_locate(struct sbk_host *host, const char *const *identities,
		    size_t count, const char *const *roots, size_t root_count,
		    struct sbk_location *found, struct sbk_error *err);

#endif
