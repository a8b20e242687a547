/*
 * The Windows Filtering Platform of the simulation (sim.h), as the pages that
 * win32_filters.h names have it: what a transaction changed is seen by others
 * when it is committed, and gone when the engine is closed before; a filter's
 * provider and sublayer must be there, and stay while it is.
 */
#ifndef SBK_TEST_SIM_FILTERS_H
#define SBK_TEST_SIM_FILTERS_H

#include "engine/windows/win32_filters.h"

#define SIM_FILTERS_MAX 48
#define SIM_CONDITIONS_MAX 4

/* A filter with all that it points to. */
struct sim_filter {
	FWPM_FILTER0 filter;
	GUID provider;
	FWPM_FILTER_CONDITION0 conditions[SIM_CONDITIONS_MAX];
	FWP_BYTE_BLOB blob;
	UINT8 sd[256];
	FWP_RANGE0 range;
};

/* Plain data: a transaction works on a copy. */
struct sim_filter_store {
	struct sim_filter filters[SIM_FILTERS_MAX];
	size_t count;
	GUID providers[2], sublayers[2];
	UINT32 provider_flags[2], sublayer_flags[2];
	UINT16 weights[2];
	size_t provider_count, sublayer_count;
};

struct sim_filters {
	struct sim_filter_store now, changed;
	size_t engines; /* that the caller has not closed */
	size_t buffers;
	bool in_transaction;
	size_t listed;
	/* As Wine: says yes and keeps nothing; or another keeps less. */
	bool forgets, loses_conditions;
};

extern const struct sbk_win32_filters sim_filters_table;

struct sim;
/* Another program's filter, of no provider of ours. */
void sim_add_filter(struct sim *sim, uint32_t number);
void sim_print_filters(const struct sim *sim, struct sbk_buf *out);

#endif
