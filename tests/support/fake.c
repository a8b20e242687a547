/* The world in memory; see the header. */
#include "tests/support/fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/path.h"
#include "tests/support/shared.h"

#include "engine/banned.h"

struct fake_world *fake_world_new(void)
{
	return sbk_test_shared(sizeof(struct fake_world));
}

void fake_world_free(struct fake_world *world)
{
	sbk_test_unshare(world, sizeof(*world));
}

struct fake_object *fake_find(struct fake_world *world, enum sbk_kind kind,
			      const char *name)
{
	size_t i;

	for (i = 0; i < world->count; i++)
		if (world->objects[i].kind == kind &&
		    strcmp(world->objects[i].name, name) == 0)
			return &world->objects[i];
	return NULL;
}

static void set_state(struct fake_object *object, const char *text, size_t size)
{
	if (size >= sizeof(object->state))
		abort();
	memcpy(object->state, text, size);
	object->state[size] = '\0';
}

static struct fake_object *append(struct fake_world *world, enum sbk_kind kind,
				  const char *name)
{
	struct fake_object *object;

	if (world->count == FAKE_OBJECTS_MAX)
		abort();
	object = &world->objects[world->count++];
	memset(object, 0, sizeof(*object));
	object->kind = kind;
	(void)snprintf(object->name, sizeof(object->name), "%s", name);
	return object;
}

/* The entries that a new object gets from the directory it is made in. */
static void inherit(struct fake_world *world, struct fake_object *object,
		    struct sbk_buf *state)
{
	char parent[160];
	const struct fake_object *above;
	const char *line;
	char *slash;

	(void)snprintf(parent, sizeof(parent), "%s", object->name);
	slash = strrchr(parent, '/');
	if (slash == NULL || slash == parent)
		return;
	*slash = '\0';
	above = fake_find(world, SBK_KIND_ACCESS, parent);
	for (line = above != NULL ? above->state : ""; *line != '\0';
	     line = strchr(line, '\n') + 1) {
		if (strncmp(line, "inherit ", 8) != 0)
			continue;
		sbk_buf_printf(state, "allow %.*s\n",
			       (int)strcspn(line + 8, "\n"), line + 8);
		if (object->is_directory)
			sbk_buf_add(state, line, strcspn(line, "\n") + 1);
	}
}

struct fake_object *fake_add(struct fake_world *world, const char *path,
			     bool is_directory)
{
	struct fake_object *object = append(world, SBK_KIND_ACCESS, path);
	struct sbk_buf state = SBK_BUF_INIT;

	object->is_directory = is_directory;
	(void)snprintf(object->identity, sizeof(object->identity), "fake:%u",
		       ++world->next_identity);
	inherit(world, object, &state);
	sbk_buf_adds(&state, is_directory ? "mode 755\n" : "mode 644\n");
	set_state(object, state.data, state.size);
	memcpy(object->durable, object->state, sizeof(object->state));
	sbk_buf_release(&state);
	return object;
}

struct fake_object *fake_add_named(struct fake_world *world, enum sbk_kind kind,
				   const char *name, const char *state)
{
	struct fake_object *object = append(world, kind, name);

	set_state(object, state, strlen(state));
	memcpy(object->durable, object->state, sizeof(object->state));
	return object;
}

void fake_remove(struct fake_world *world, const char *path)
{
	size_t i = 0;

	while (i < world->count) {
		if (world->objects[i].kind == SBK_KIND_ACCESS &&
		    sbk_path_within(world->objects[i].name, path)) {
			memmove(&world->objects[i], &world->objects[i + 1],
				(world->count - i - 1) *
					sizeof(world->objects[0]));
			world->count--;
		} else {
			i++;
		}
	}
}

void fake_rename(struct fake_world *world, const char *from, const char *to)
{
	size_t i;

	for (i = 0; i < world->count; i++) {
		struct fake_object *object = &world->objects[i];
		char rest[160];

		if (object->kind != SBK_KIND_ACCESS ||
		    !sbk_path_within(object->name, from))
			continue;
		(void)snprintf(rest, sizeof(rest), "%s",
			       object->name + strlen(from));
		(void)snprintf(object->name, sizeof(object->name), "%.80s%.79s",
			       to, rest);
	}
}

void fake_power_cut(struct fake_world *world)
{
	size_t i;

	for (i = 0; i < world->count; i++)
		memcpy(world->objects[i].state, world->objects[i].durable,
		       sizeof(world->objects[i].state));
}

void fake_print(const struct fake_world *world, struct sbk_buf *out)
{
	size_t i;

	for (i = 0; i < world->count; i++) {
		const struct fake_object *object = &world->objects[i];

		/* An object that was made and removed again is no object. */
		if (object->state[0] != '\0')
			sbk_buf_printf(out, "%s %s %s\n%s", object->identity,
				       sbk_kind_name(object->kind),
				       object->name, object->state);
	}
}

static int fake_observe(void *self, const struct sbk_object *object,
			struct sbk_observation *out, struct sbk_error *err)
{
	struct fake_object *found = fake_find(self, object->kind, object->name);

	if (found == NULL && object->kind == SBK_KIND_ACCESS)
		return sbk_error_set(err, SBK_E_NOTFOUND, "no '%s'",
				     object->name);
	if (found != NULL && found->unreadable)
		return sbk_error_set(err, SBK_E_DENIED, "'%s' is unreadable",
				     object->name);
	if (found != NULL) {
		sbk_buf_adds(&out->state, found->state);
		sbk_buf_adds(&out->identity, found->identity);
	}
	return sbk_buf_failed(&out->state, err);
}

/* What the tools that make and remove accounts do in passing. */
static void overwrite_kept(struct fake_world *world)
{
	size_t i;

	for (i = 0; i < world->count; i++)
		if (world->objects[i].kind == SBK_KIND_KEPT)
			set_state(&world->objects[i], "overwritten\n", 12);
}

static int fake_replace(void *self, const struct sbk_object *object,
			struct sbk_state expected, struct sbk_state next,
			struct sbk_error *err)
{
	struct fake_object *found = fake_find(self, object->kind, object->name);

	if (found == NULL && object->kind == SBK_KIND_ACCESS)
		return sbk_error_set(err, SBK_E_NOTFOUND, "gone");
	if (found != NULL && found->unreadable)
		return sbk_error_set(err, SBK_E_DENIED, "'%s' is unreadable",
				     object->name);
	if (found == NULL)
		found = append(self, object->kind, object->name);
	if (object->identity != NULL &&
	    strcmp(object->identity, found->identity) != 0)
		return sbk_error_set(err, SBK_E_CONFLICT, "another object");
	if (object->kind != SBK_KIND_KEPT &&
	    (strlen(found->state) != expected.size ||
	     memcmp(found->state, expected.data, expected.size) != 0))
		return sbk_error_set(err, SBK_E_CONFLICT,
				     "not in the expected state");
	set_state(found, next.data, next.size);
	if (object->kind == SBK_KIND_ACCOUNT || object->kind == SBK_KIND_GROUP)
		overwrite_kept(self);
	return 0;
}

static int fake_flush(void *self, struct sbk_error *err)
{
	struct fake_world *world = self;
	size_t i;

	(void)err;
	for (i = 0; i < world->count; i++)
		memcpy(world->objects[i].durable, world->objects[i].state,
		       sizeof(world->objects[i].durable));
	return 0;
}

/* Nodes were added parents first, and the order is kept. */
static int fake_walk(void *self, const char *root, sbk_visit_fn *visit,
		     void *arg, struct sbk_error *err)
{
	struct fake_world *world = self;
	size_t i;

	if (fake_find(world, SBK_KIND_ACCESS, root) == NULL)
		return sbk_error_set(err, SBK_E_NOTFOUND, "no '%s'", root);
	for (i = 0; i < world->count; i++) {
		struct fake_object *object = &world->objects[i];
		struct sbk_visit seen = {
			.path = object->name,
			.identity = object->identity,
			.access = {.data = object->state,
				   .size = strlen(object->state)},
			.links = 1,
			.is_directory = object->is_directory,
		};
		int rc;

		if (object->kind != SBK_KIND_ACCESS ||
		    !sbk_path_within(object->name, root))
			continue;
		rc = visit(arg, &seen, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int fake_locate(void *self, const char *const *identities, size_t count,
		       const char *const *roots, size_t root_count,
		       struct sbk_location *found, struct sbk_error *err)
{
	struct fake_world *world = self;
	size_t i, j;

	(void)roots;
	(void)root_count;
	(void)err;
	for (i = 0; i < count; i++) {
		found[i].kind = SBK_LOCATION_GONE;
		for (j = 0; j < world->count; j++) {
			if (strcmp(world->objects[j].identity, identities[i]) !=
			    0)
				continue;
			found[i].kind = SBK_LOCATION_FOUND;
			found[i].path = strdup(world->objects[j].name);
		}
	}
	return 0;
}

static bool has_line(struct sbk_state state, const char *line)
{
	const char *text = state.data;
	size_t size = strlen(line);

	while (text < state.data + state.size) {
		if (strncmp(text, line, size) == 0)
			return true;
		text = strchr(text, '\n') + 1;
	}
	return false;
}

static int fake_add_grant(void *self, struct sbk_state current,
			  bool is_directory, const char *principal,
			  enum sbk_rights rights, struct sbk_buf *next,
			  struct sbk_buf *ours, struct sbk_error *err)
{
	char entry[64], line[80];

	(void)self;
	(void)snprintf(entry, sizeof(entry), "%s:%s", principal,
		       rights == SBK_RIGHTS_WRITE ? "rw" : "r");
	(void)snprintf(line, sizeof(line), "allow %s\n", entry);
	if (has_line(current, line)) {
		sbk_buf_add(next, current.data, current.size);
		return sbk_buf_failed(next, err);
	}
	sbk_buf_adds(ours, line);
	if (is_directory)
		sbk_buf_printf(ours, "inherit %s\n", entry);
	sbk_buf_adds(next, sbk_buf_text(ours));
	sbk_buf_add(next, current.data, current.size);
	return sbk_buf_failed(next, err);
}

/* Copies the lines of `state` that `skip` does not want. */
static size_t copy_lines(struct sbk_state state, struct sbk_buf *next,
			 bool (*skip)(const void *arg, const char *line,
				      size_t size),
			 const void *arg)
{
	const char *line = state.data;
	size_t skipped = 0;

	while (line < state.data + state.size) {
		size_t size = strcspn(line, "\n") + 1;

		if (skip(arg, line, size))
			skipped++;
		else
			sbk_buf_add(next, line, size);
		line += size;
	}
	return skipped;
}

static bool is_ours(const void *arg, const char *line, size_t size)
{
	const char *own = arg;

	while (*own != '\0') {
		size_t own_size = strcspn(own, "\n") + 1;

		if (own_size == size && memcmp(own, line, size) == 0)
			return true;
		own += own_size;
	}
	return false;
}

static int fake_subtract(void *self, const struct sbk_change *change,
			 struct sbk_state current, struct sbk_buf *next,
			 struct sbk_error *err)
{
	(void)self;
	if (change->object.kind == SBK_KIND_KEPT) {
		sbk_buf_add(next, change->before.data, change->before.size);
		return sbk_buf_failed(next, err);
	}
	if (change->ours == NULL)
		return sbk_error_set(err, SBK_E_CONFLICT,
				     "others changed '%s', which is ours",
				     change->object.name);
	(void)copy_lines(current, next, is_ours, change->ours);
	return sbk_buf_failed(next, err);
}

struct principals {
	const char *const *items;
	size_t count;
};

static bool names_principal(const void *arg, const char *line, size_t size)
{
	const struct principals *principals = arg;
	const char *entry = memchr(line, ' ', size);
	size_t i;

	if (strncmp(line, "mode", 4) == 0 || entry == NULL)
		return false;
	for (i = 0; i < principals->count; i++)
		if (strncmp(entry + 1, principals->items[i],
			    strlen(principals->items[i])) == 0)
			return true;
	return false;
}

static int fake_strip(void *self, struct sbk_state current,
		      const char *const *principals, size_t count,
		      struct sbk_buf *next, struct sbk_error *err)
{
	struct principals list = {.items = principals, .count = count};

	(void)self;
	(void)copy_lines(current, next, names_principal, &list);
	return sbk_buf_failed(next, err);
}

/* The letters after "WORD PRINCIPAL:", or NULL where there is no such line. */
static const char *letters_of(struct sbk_state state, const char *word,
			      const char *principal)
{
	const char *line = state.data, *end = state.data + state.size;
	char start[80];
	size_t size;

	(void)snprintf(start, sizeof(start), "%s %s:", word, principal);
	size = strlen(start);
	for (; line < end; line = strchr(line, '\n') + 1)
		if (strncmp(line, start, size) == 0)
			return line + size;
	return NULL;
}

static unsigned rights_of(const char *letters)
{
	size_t size = strcspn(letters, "\n");
	unsigned rights = 0;

	if (memchr(letters, 'r', size) != NULL)
		rights |= SBK_MAY_READ | SBK_MAY_EXECUTE;
	if (memchr(letters, 'w', size) != NULL)
		rights |= SBK_MAY_WRITE;
	return rights;
}

/* An entry of the principal decides, then one of a group, then the mode. */
static int fake_evaluate(void *self, struct sbk_state access,
			 const struct sbk_subject *who, unsigned *rights,
			 bool *named, struct sbk_buf *entry,
			 struct sbk_error *err)
{
	const char *letters = letters_of(access, "allow", who->principal);
	const char *mode = strstr(access.data, "mode ");
	size_t i;

	(void)self;
	for (i = 0; letters == NULL && i < who->group_count; i++)
		letters = letters_of(access, "allow", who->groups[i]);
	*named = letters != NULL;
	*rights = 0;
	if (letters != NULL)
		*rights = rights_of(letters);
	else if (mode != NULL && (mode[7] & 4) != 0)
		*rights = SBK_MAY_READ | SBK_MAY_EXECUTE;
	sbk_buf_adds(entry, *named ? "an entry" : "the mode");
	return sbk_buf_failed(entry, err);
}

static int fake_naming(void *self, struct sbk_state access,
		       const char *principal, unsigned *how,
		       struct sbk_error *err)
{
	(void)self;
	(void)err;
	*how = 0;
	if (letters_of(access, "allow", principal) != NULL)
		*how |= SBK_NAMED_ENTRY;
	if (letters_of(access, "inherit", principal) != NULL)
		*how |= SBK_NAMED_INHERIT;
	return 0;
}

static void fake_close(void *self)
{
	(void)self;
}

static const struct sbk_backend_ops fake_ops = {
	.name = "fake",
	.observe = fake_observe,
	.replace = fake_replace,
	.flush = fake_flush,
	.walk = fake_walk,
	.survey = fake_walk,
	.locate = fake_locate,
	.add_grant = fake_add_grant,
	.subtract = fake_subtract,
	.strip = fake_strip,
	.evaluate = fake_evaluate,
	.naming = fake_naming,
	.close = fake_close,
};

struct sbk_backend fake_backend(struct fake_world *world)
{
	return (struct sbk_backend){.ops = &fake_ops, .self = world};
}

struct granting {
	const struct sbk_backend *backend;
	const char *principal;
	struct sbk_plan *plan;
	struct sbk_buf next, ours;
};

static int visit_grant(void *arg, const struct sbk_visit *visit,
		       struct sbk_error *err)
{
	struct granting *granting = arg;
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_ACCESS,
			   .name = visit->path,
			   .identity = visit->identity},
		.before = visit->access,
		.reason = "test",
	};
	int rc;

	rc = sbk_backend_add_grant(granting->backend, visit->access,
				   visit->is_directory, granting->principal,
				   SBK_RIGHTS_WRITE, &granting->next,
				   &granting->ours, err);
	if (rc < 0 || granting->ours.size == 0)
		return rc;
	change.after = (struct sbk_state){.data = granting->next.data,
					  .size = granting->next.size};
	change.ours = sbk_buf_text(&granting->ours);
	return sbk_plan_add(granting->plan, &change, err);
}

int fake_plan_grant(const struct sbk_backend *backend, const char *path,
		    const char *principal, struct sbk_plan *plan,
		    struct sbk_error *err)
{
	struct granting granting = {
		.backend = backend, .principal = principal, .plan = plan};
	struct sbk_plan_root root = {.path = path,
				     .principal = principal,
				     .principal_name = principal,
				     .writable = true};
	int rc;

	rc = sbk_backend_walk(backend, path, visit_grant, &granting, err);
	if (rc == 0 && sbk_plan_root_count(plan) == 0)
		rc = sbk_plan_add_root(plan, &root, NULL, err);
	sbk_buf_release(&granting.next);
	sbk_buf_release(&granting.ours);
	return rc;
}
