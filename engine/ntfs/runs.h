/*
 * Where the bytes of an attribute are: runs of clusters, decoded from mapping
 * pairs, piece by piece where they are spread over several records.
 */
#ifndef SBK_NTFS_RUNS_H
#define SBK_NTFS_RUNS_H

#include "engine/error.h"
#include "engine/ntfs/view.h"

#define SBK_NTFS_RUNS_MAX (4u << 20) /* of one attribute: 96 MiB of memory */
#define SBK_NTFS_HOLE UINT64_MAX     /* a run without clusters: zeros */

struct sbk_ntfs_run {
	uint64_t vcn, lcn, count; /* clusters */
};

/* Invariant: runs follow each other without gaps from VCN 0, each has at least
 * one cluster, those that are no holes lie within the volume, and the clusters
 * of those are not more than the volume has. */
struct sbk_ntfs_runs {
	struct sbk_ntfs_run *items;
	size_t count, capacity;
	uint64_t clusters; /* mapped so far: the next VCN */
	uint64_t held;	   /* of them, those that are no holes */
};

/*
 * Adds the piece whose first cluster is `first_vcn`, which must be the next
 * one. SBK_E_PARSE for what breaks the invariant: what the pairs of this call
 * added is taken out again. SBK_E_LIMIT, SBK_E_NOMEM.
 */
int sbk_ntfs_runs_add(struct sbk_ntfs_runs *runs, struct sbk_view pairs,
		      uint64_t first_vcn, uint64_t volume_clusters,
		      struct sbk_error *err);
/* The run that has this VCN, or NULL. */
const struct sbk_ntfs_run *sbk_ntfs_runs_find(const struct sbk_ntfs_runs *runs,
					      uint64_t vcn);
void sbk_ntfs_runs_release(struct sbk_ntfs_runs *runs);

#endif
