/* The simulated volume, for tests to build, change and compare. */
#include "tests/windows/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/inherit.h"
#include "engine/ntsec/sddl.h"

#include "engine/banned.h"

void sim_read_sd(const struct sim_node *node, struct sbk_sd *out)
{
	if (sbk_sd_read((const uint8_t *)node->sd.data, node->sd.size, out,
			NULL) < 0)
		abort();
}

void sim_copy(struct sbk_buf *to, const struct sbk_buf *from)
{
	sbk_buf_clear(to);
	sbk_buf_add(to, from->data, from->size);
	if (sbk_buf_failed(to, NULL) < 0)
		abort();
}

void sim_path(const struct sim *sim, size_t node, WCHAR *out, size_t size)
{
	WCHAR above[512] = L"";

	if (node == 0) {
		out[0] = L'\0';
		return;
	}
	sim_path(sim, sim->nodes[node].parent, above, 512);
	(void)swprintf(out, size, L"%ls\\%ls", above, sim->nodes[node].name);
}

void sim_set_sddl(struct sim_node *node, const char *sddl)
{
	struct sbk_buf bytes = SBK_BUF_INIT;

	if (sbk_sddl_parse(sddl, strlen(sddl), NULL, &bytes, NULL) < 0)
		abort();
	sim_copy(&node->sd, &bytes);
	sbk_buf_release(&bytes);
}

static void inherit(const struct sim *sim, struct sim_node *node)
{
	struct sbk_inherit_request request = {
		.is_container =
			(node->attributes & FILE_ATTRIBUTE_DIRECTORY) != 0,
		.owner = sim->user,
		.group = sim->user,
		.mapping = sbk_nt_mapping(SBK_NT_FILE)};
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_sd parent;

	sim_read_sd(&sim->nodes[node->parent], &parent);
	request.parent = &parent;
	request.flags = sbk_inherit_flags_below(&parent);
	if (sbk_inherit_create(&request, &bytes, NULL) < 0)
		abort();
	sim_copy(&node->sd, &bytes);
	sbk_buf_release(&bytes);
}

static size_t child_named(const struct sim *sim, size_t parent,
			  const char *name, size_t size)
{
	size_t i, j;

	for (i = 1; i < sim->count; i++) {
		const struct sim_node *node = &sim->nodes[i];

		if (node->gone || node->parent != parent ||
		    wcslen(node->name) != size)
			continue;
		for (j = 0; j < size && node->name[j] == (WCHAR)name[j]; j++)
			;
		if (j == size)
			return i;
	}
	return SIZE_MAX;
}

size_t sim_find(const struct sim *sim, const char *path)
{
	const char *rest = path + 3; /* "C:/" */
	size_t node = 0;

	while (*rest != '\0' && node != SIZE_MAX) {
		size_t size = strcspn(rest, "/");

		node = child_named(sim, node, rest, size);
		rest += size + (rest[size] == '/');
	}
	return node;
}

/* Where `path` is or would be: its directory's index, and its name. */
static size_t directory_of(const struct sim *sim, const char *path,
			   const char **name)
{
	const char *slash = strrchr(path, '/');
	char above[256];
	size_t size = (size_t)(slash - path);

	memcpy(above, path, size);
	above[size] = '\0';
	if (size == 2)
		(void)snprintf(above, sizeof(above), "C:/");
	*name = slash + 1;
	return sim_find(sim, above);
}

static void set_name(struct sim_node *node, const char *name)
{
	size_t i;

	for (i = 0; name[i] != '\0'; i++)
		node->name[i] = (WCHAR)(unsigned char)name[i];
	node->name[i] = L'\0';
}

size_t sim_add(struct sim *sim, const char *path, bool is_directory,
	       const char *sddl)
{
	const char *name;
	size_t parent = directory_of(sim, path, &name);
	struct sim_node *node = &sim->nodes[sim->count];

	if (parent == SIZE_MAX || sim->count == SIM_NODES_MAX)
		abort();
	node->parent = parent;
	node->id = sim->next_id++;
	node->links = 1;
	node->attributes =
		is_directory ? FILE_ATTRIBUTE_DIRECTORY : FILE_ATTRIBUTE_NORMAL;
	set_name(node, name);
	if (sddl != NULL)
		sim_set_sddl(node, sddl);
	else
		inherit(sim, node);
	sim_copy(&node->durable, &node->sd);
	return sim->count++;
}

void sim_set(struct sim *sim, const char *path, const char *sddl)
{
	size_t node = sim_find(sim, path);

	if (node == SIZE_MAX)
		abort();
	sim_set_sddl(&sim->nodes[node], sddl);
	sim_copy(&sim->nodes[node].durable, &sim->nodes[node].sd);
}

void sim_rename(struct sim *sim, const char *from, const char *to)
{
	size_t node = sim_find(sim, from);
	const char *name;

	if (node == SIZE_MAX)
		abort();
	sim->nodes[node].parent = directory_of(sim, to, &name);
	set_name(&sim->nodes[node], name);
}

void sim_remove(struct sim *sim, const char *path)
{
	size_t node = sim_find(sim, path), i;

	if (node == SIZE_MAX)
		abort();
	sim->nodes[node].gone = true;
	for (i = 1; i < sim->count; i++) /* parents come first */
		if (sim->nodes[sim->nodes[i].parent].gone)
			sim->nodes[i].gone = true;
}

void sim_elevate(struct sim *sim)
{
	sim->elevated = true;
	sim->privileges |= SBK_PRIVILEGE_RESTORE | SBK_PRIVILEGE_BACKUP;
}

void sim_process_ends(struct sim *sim)
{
	size_t i;

	memset(sim->handles, 0, sizeof(sim->handles));
	for (i = 0; i < SIM_PROCESSES_MAX; i++)
		sim->processes.all[i].handles = 0;
	sim->processes.lists = 0;
	sim->firewall.objects = sim->firewall.threads = 0;
	sim->processes.is_debug = false;
	memset(sim->processes.is_backup, 0, sizeof(sim->processes.is_backup));
	sim->policies = 0;
	sim->accounts.buffers = 0;
	sim->filters.buffers = sim->filters.engines = 0;
	sim->filters.in_transaction = false;
	sim->registry.open = 0;
}

void sim_power_cut(struct sim *sim)
{
	size_t i;

	for (i = 0; i < sim->count; i++)
		sim_copy(&sim->nodes[i].sd, &sim->nodes[i].durable);
}

size_t sim_open_handles(const struct sim *sim)
{
	size_t i, count = 0;

	for (i = 0; i < SIM_HANDLES_MAX; i++)
		count += sim->handles[i].open;
	return count;
}

void sim_print(const struct sim *sim, struct sbk_buf *out)
{
	size_t i;

	for (i = 0; i < sim->count; i++) {
		const struct sim_node *node = &sim->nodes[i];
		WCHAR path[512];
		struct sbk_sd sd;

		if (node->gone)
			continue;
		sim_path(sim, i, path, 512);
		sbk_buf_printf(out, "%ls %u ", path, (unsigned)node->id);
		sim_read_sd(node, &sd);
		if (sbk_sddl_format(&sd,
				    SBK_SDDL_OWNER | SBK_SDDL_GROUP |
					    SBK_SDDL_DACL,
				    NULL, out, NULL) < 0)
			abort();
		sbk_buf_addc(out, '\n');
	}
}
