/*
 * Kinds FILE, DIRECTORY and LINK.
 *
 * A file is written without a name (O_TMPFILE), made durable, and then linked
 * to its name: a crash leaves all of it or nothing. Where the filesystem has
 * no nameless files it is created under its name, and a crash may leave a part
 * of it, owned by us and unreadable for others.
 *
 * Removal pins the object, compares identity and state, and unlinks the name.
 * Between the comparison and the unlinking another program may put something
 * else at the name; the link count of the pinned object tells afterwards, and
 * then the error says so. Directories are removed only when empty.
 *
 * Nothing here replaces content: a file that we made is taken away and made
 * anew, or only its access is changed.
 */
#include "engine/linux/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/access.h"
#include "engine/linux/error.h"
#include "engine/linux/fd.h"
#include "engine/linux/host.h"
#include "engine/linux/kinds.h"

#include "engine/banned.h"

#define XATTR_LIST_MAX 65536

static void plain_access(struct sbk_buf *out, uint32_t uid, uint32_t gid,
			 uint32_t mode)
{
	struct sbk_access access;

	access.uid = uid;
	access.gid = gid;
	access.mode = mode;
	access.acl.count = 0;
	access.dflt.count = 0;
	sbk_access_format(&access, out);
}

void sbk_file_state(struct sbk_buf *out, uint32_t uid, uint32_t gid,
		    uint32_t mode, const void *content, size_t size)
{
	plain_access(out, uid, gid, SBK_MODE_REGULAR | (mode & SBK_MODE_BITS));
	sbk_buf_addc(out, '\n');
	sbk_buf_add(out, content, size);
}

void sbk_directory_state(struct sbk_buf *out, uint32_t uid, uint32_t gid,
			 uint32_t mode)
{
	plain_access(out, uid, gid,
		     SBK_MODE_DIRECTORY | (mode & SBK_MODE_BITS));
}

void sbk_link_state(struct sbk_buf *out, const char *target)
{
	sbk_buf_adds(out, "target ");
	sbk_buf_adds(out, target);
}

/* Reads what is left of an open file, up to the limit of a state. */
static int read_all(int fd, struct sbk_buf *out, struct sbk_error *err)
{
	char block[16384];
	size_t total = 0;
	ssize_t size;

	while ((size = read(fd, block, sizeof(block))) != 0) {
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return sbk_error_set_errno(err, errno, "reading");
		total += (size_t)size;
		if (total > SBK_STATE_BYTES_MAX)
			return sbk_error_set(err, SBK_E_LIMIT,
					     "it is larger than %d bytes",
					     SBK_STATE_BYTES_MAX);
		sbk_buf_add(out, block, (size_t)size);
	}
	return 0;
}

/* What belongs to the state: not labels that the system gives by itself. */
static bool is_ours_to_keep(const char *name)
{
	return strncmp(name, "user.", 5) == 0 ||
	       strcmp(name, "security.capability") == 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int add_xattr(const struct sbk_pin *pin, const char *name,
		     struct sbk_buf *out, struct sbk_error *err)
{
	char *value = malloc(XATTR_LIST_MAX);
	ssize_t size;
	int rc = 0;

	if (value == NULL)
		return sbk_error_no_memory(err);
	size = sbk_pin_getxattr(pin, name, value, XATTR_LIST_MAX);
	if (size >= 0) {
		sbk_buf_adds(out, "xattr ");
		sbk_buf_add_hex(out, name, strlen(name));
		sbk_buf_addc(out, ' ');
		sbk_buf_add_hex(out, value, (size_t)size);
		sbk_buf_addc(out, '\n');
	} else if (size != -ENODATA) {
		rc = sbk_error_set_errno(err, (int)-size,
					 "reading its attributes");
	}
	free(value);
	return rc;
}

/* Appends the attributes of the state, in the order of their names. */
static int add_xattrs(const struct sbk_pin *pin, struct sbk_buf *out,
		      struct sbk_error *err)
{
	char *list = malloc(XATTR_LIST_MAX);
	const char *names[256];
	size_t count = 0, i;
	ssize_t size;
	char *name;
	int rc = 0;

	if (list == NULL)
		return sbk_error_no_memory(err);
	size = sbk_pin_listxattr(pin, list, XATTR_LIST_MAX);
	if (size < 0 && size != -EOPNOTSUPP)
		rc = sbk_error_set_errno(err, (int)-size,
					 "listing its attributes");
	for (name = list; size > 0 && rc == 0 && name < list + size;
	     name += strlen(name) + 1) {
		if (!is_ours_to_keep(name))
			continue;
		if (count == sizeof(names) / sizeof(names[0]))
			rc = sbk_error_set(err, SBK_E_LIMIT,
					   "it has too many attributes");
		else
			names[count++] = name;
	}
	if (count > 1)
		qsort(names, count, sizeof(names[0]), compare_names);
	for (i = 0; rc == 0 && i < count; i++)
		rc = add_xattr(pin, names[i], out, err);
	free(list);
	return rc;
}

static int add_content(const struct sbk_pin *pin, struct sbk_buf *out,
		       struct sbk_error *err)
{
	bool close_it;
	int rc, fd = sbk_pin_readable(pin, &close_it);

	if (fd < 0)
		return sbk_error_set_errno(err, -fd, "reading");
	rc = read_all(fd, out, err);
	if (close_it)
		(void)close(fd); /* only read */
	return rc;
}

static int add_target(const struct sbk_pin *pin, struct sbk_buf *out,
		      struct sbk_error *err)
{
	char target[SBK_PATH_MAX];
	ssize_t size = readlinkat(pin->fd, "", target, sizeof(target) - 1);

	if (size < 0)
		return sbk_error_set_errno(err, errno, "reading a link");
	target[size] = '\0';
	sbk_link_state(out, target);
	return 0;
}

/* The state of a pinned object as one of our three kinds. */
static int state_of(struct sbk_pin *pin, enum sbk_kind kind,
		    struct sbk_buf *out, struct sbk_error *err)
{
	struct sbk_access access;
	int rc;

	if (kind == SBK_KIND_LINK && S_ISLNK(pin->stat.stx_mode))
		return add_target(pin, out, err);
	rc = sbk_access_read(pin, &access, err);
	if (rc < 0)
		return rc;
	sbk_access_format(&access, out);
	if (kind != SBK_KIND_FILE)
		return 0;
	if (S_ISREG(access.mode))
		rc = add_xattrs(pin, out, err);
	sbk_buf_addc(out, '\n');
	if (rc == 0 && S_ISREG(access.mode))
		rc = add_content(pin, out, err);
	return rc;
}

/* That an object is absent is settled by its directory. */
static void touch_parent(struct sbk_host *host, const char *path)
{
	const char *name;
	int directory;

	if (sbk_pin_parent(path, &directory, &name, NULL) < 0) {
		host->sync_all = true; /* which volume it was is not known */
		return;
	}
	if (sbk_host_touch(host, directory, NULL) < 0)
		host->sync_all = true;
	(void)close(directory); /* O_PATH: nothing can be lost */
}

static int observe(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_observation *out, struct sbk_error *err)
{
	struct sbk_pin pin = SBK_PIN_INIT;
	char identity[SBK_IDENTITY_MAX];
	int rc;

	rc = sbk_pin_path(object->name, &pin, err);
	if (rc == SBK_E_NOTFOUND) {
		sbk_error_clear(err);
		touch_parent(host, object->name);
		return 0; /* absent */
	}
	if (rc < 0)
		return rc;
	/* What is settled by looking must be durable, too. */
	rc = sbk_host_touch_pin(host, &pin, err);
	if (rc == 0)
		rc = sbk_identity_of(&host->volumes, &pin, object->identity,
				     identity, err);
	if (rc == 0)
		rc = state_of(&pin, object->kind, &out->state, err);
	if (rc == 0) {
		sbk_buf_adds(&out->identity, identity);
		rc = sbk_buf_failed(&out->state, err);
	} else {
		(void)sbk_error_prefix(err, "'%s'", object->name);
	}
	sbk_pin_release(&pin);
	return rc;
}

/* A name in an open directory: where things are made and taken away. */
struct place {
	int directory;
	const char *name;
};

static int taken(struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_CONFLICT,
			     "something stands there already");
}

/* What is to be made, taken apart. */
struct recipe {
	struct sbk_access access;
	const char *content;
	size_t size;
};

static int read_recipe(struct sbk_state state, bool has_content,
		       struct recipe *out, struct sbk_error *err)
{
	size_t used = 0;
	int rc;

	if (!has_content)
		return sbk_access_parse(state, &out->access, err);
	rc = sbk_access_parse_head(state.data, state.size, &out->access, &used,
				   err);
	if (rc < 0)
		return rc;
	/* Attributes are observed, so that they compare, but never made. */
	if (used >= state.size || state.data[used] != '\n')
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "a file with extended attributes cannot "
				     "be made");
	out->content = state.data + used + 1;
	out->size = state.size - used - 1;
	return 0;
}

static int set_access(int fd, const struct sbk_access *next,
		      struct sbk_error *err)
{
	struct sbk_pin pin = {.fd = fd};
	struct sbk_access now;
	int rc = sbk_access_read(&pin, &now, err);

	return rc < 0 ? rc : sbk_access_write(&pin, &now, next, err);
}

static int fill_file(int fd, const struct recipe *recipe, struct sbk_error *err)
{
	int os_code = sbk_fd_write_all(fd, recipe->content, recipe->size);
	int rc =
		os_code == 0 ? 0 : sbk_error_set_errno(err, os_code, "writing");

	if (rc == 0)
		rc = set_access(fd, &recipe->access, err);
	if (rc == 0 && fsync(fd) < 0)
		rc = sbk_error_set_errno(err, errno, "making it durable");
	return rc;
}

static int link_file(int fd, const struct place *place, struct sbk_error *err)
{
	char path[32];
	int os_code;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, path, place->directory, place->name,
		   AT_SYMLINK_FOLLOW) == 0)
		return 0;
	os_code = errno;
	return os_code == EEXIST
		       ? taken(err)
		       : sbk_error_set_errno(err, os_code, "naming it");
}

/* For filesystems without nameless files. */
static int make_named_file(const struct place *place,
			   const struct recipe *recipe, struct sbk_error *err)
{
	int fd = openat(place->directory, place->name,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			0600);
	int os_code = errno, rc;

	if (fd < 0)
		return os_code == EEXIST
			       ? taken(err)
			       : sbk_error_set_errno(err, os_code, "creating");
	rc = fill_file(fd, recipe, err);
	if (close(fd) < 0 && rc == 0)
		rc = sbk_error_set_errno(err, errno, "closing");
	if (rc < 0)
		/* It is ours and a moment old; `err` has what went wrong. */
		(void)unlinkat(place->directory, place->name, 0);
	return rc;
}

static int make_file(const struct place *place, struct sbk_state next,
		     struct sbk_error *err)
{
	struct recipe recipe;
	int fd, os_code, rc;

	rc = read_recipe(next, true, &recipe, err);
	if (rc < 0)
		return rc;
	fd = openat(place->directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC,
		    0600);
	os_code = errno;
	if (fd < 0 &&
	    (os_code == EOPNOTSUPP || os_code == EISDIR || os_code == EINVAL))
		return make_named_file(place, &recipe, err);
	if (fd < 0)
		return sbk_error_set_errno(err, os_code, "creating");
	rc = fill_file(fd, &recipe, err);
	if (rc == 0)
		rc = link_file(fd, place, err);
	if (close(fd) < 0 && rc == 0)
		rc = sbk_error_set_errno(err, errno, "closing");
	return rc;
}

static int make_directory(const struct place *place, struct sbk_state next,
			  struct sbk_error *err)
{
	struct sbk_pin pin = SBK_PIN_INIT;
	struct recipe recipe;
	mode_t mask;
	int os_code, rc;

	rc = read_recipe(next, false, &recipe, err);
	if (rc < 0)
		return rc;
	/* Its final mode at once, wherever no owner or ACL has to follow. */
	mask = umask(0);
	rc = mkdirat(place->directory, place->name,
		     recipe.access.mode & SBK_MODE_BITS);
	os_code = errno;
	(void)umask(mask); /* cannot fail */
	if (rc < 0)
		return os_code == EEXIST
			       ? taken(err)
			       : sbk_error_set_errno(err, os_code, "creating");
	rc = sbk_pin_child(place->directory, place->name, S_IFDIR, &pin);
	if (rc < 0)
		rc = sbk_error_set_errno(err, -rc, "opening what was made");
	else if (pin.by_proc)
		rc = sbk_error_set(err, SBK_E_DENIED, "opening what was made");
	else
		rc = set_access(pin.fd, &recipe.access, err);
	sbk_pin_release(&pin);
	if (rc < 0)
		/* It is ours, empty, and a moment old. */
		(void)unlinkat(place->directory, place->name, AT_REMOVEDIR);
	return rc;
}

static int make_link(const struct place *place, struct sbk_state next,
		     struct sbk_error *err)
{
	static const char word[] = "target ";
	char target[SBK_PATH_MAX];
	size_t size = next.size - (sizeof(word) - 1);
	int os_code;

	if (next.size <= sizeof(word) - 1 ||
	    memcmp(next.data, word, sizeof(word) - 1) != 0 ||
	    size >= sizeof(target))
		return sbk_error_set(err, SBK_E_PARSE,
				     "the state of a link is malformed");
	memcpy(target, next.data + sizeof(word) - 1, size);
	target[size] = '\0';
	if (symlinkat(target, place->directory, place->name) == 0)
		return 0;
	os_code = errno;
	return os_code == EEXIST
		       ? taken(err)
		       : sbk_error_set_errno(err, os_code, "creating");
}

/* Unlinks the name of a pinned object and sees that it was the object's. */
static int take_away(const struct place *place, struct sbk_pin *pin,
		     struct sbk_error *err)
{
	uint32_t links = pin->stat.stx_nlink;
	bool is_directory = S_ISDIR(pin->stat.stx_mode);
	int os_code, rc;

	if (unlinkat(place->directory, place->name,
		     is_directory ? AT_REMOVEDIR : 0) < 0) {
		os_code = errno;
		if (os_code == ENOTEMPTY || os_code == EEXIST)
			return sbk_error_set(err, SBK_E_CONFLICT,
					     "the directory is not empty");
		return sbk_error_set_errno(err, os_code, "removing");
	}
	rc = sbk_pin_refresh(pin, err);
	if (rc == 0 && !is_directory && pin->stat.stx_nlink >= links)
		rc = sbk_error_set(err, SBK_E_IO,
				   "something else was put at the name while "
				   "it was being removed");
	return rc;
}

/* Where `expected` is a state: the object is there, and in it. */
static int check_expected(struct sbk_host *host, struct sbk_pin *pin,
			  const struct sbk_object *object,
			  struct sbk_state expected, struct sbk_error *err)
{
	struct sbk_buf now = SBK_BUF_INIT;
	int rc;

	if (object->identity != NULL) {
		rc = sbk_identity_is(&host->volumes, pin, object->identity,
				     err);
		if (rc <= 0)
			return rc < 0 ? rc
				      : sbk_error_set(err, SBK_E_CONFLICT,
						      "another object stands "
						      "there now");
	}
	rc = state_of(pin, object->kind, &now, err);
	if (rc == 0)
		rc = sbk_buf_failed(&now, err);
	if (rc == 0 &&
	    !sbk_state_equal(expected,
			     (struct sbk_state){.data = sbk_buf_text(&now),
						.size = now.size}))
		rc = sbk_error_set(err, SBK_E_CONFLICT,
				   "it was changed meanwhile");
	sbk_buf_release(&now);
	return rc;
}

/* Both states say the same but for the access. */
static int change_access(const struct sbk_object *object, struct sbk_pin *pin,
			 struct sbk_state expected, struct sbk_state next,
			 struct sbk_error *err)
{
	bool has_content = object->kind == SBK_KIND_FILE;
	struct recipe before = {.size = 0}, after = {.size = 0};
	int rc;

	if (object->kind == SBK_KIND_LINK)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "a link is not changed but made anew");
	rc = read_recipe(expected, has_content, &before, err);
	if (rc == 0)
		rc = read_recipe(next, has_content, &after, err);
	if (rc < 0)
		return rc;
	if (before.size != after.size ||
	    (after.size > 0 &&
	     memcmp(before.content, after.content, after.size) != 0))
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "its content is not changed but made "
				     "anew");
	return sbk_access_write(pin, &before.access, &after.access, err);
}

typedef int make_fn(const struct place *place, struct sbk_state next,
		    struct sbk_error *err);

static make_fn *const makers[] = {
	[SBK_KIND_FILE] = make_file,
	[SBK_KIND_DIRECTORY] = make_directory,
	[SBK_KIND_LINK] = make_link,
};

/* What is there now, as `next` says? The kernel's yes is not enough. */
static int read_back(const struct sbk_object *object, struct sbk_state next,
		     struct sbk_error *err)
{
	struct sbk_buf now = SBK_BUF_INIT;
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = sbk_pin_path(object->name, &pin, err);

	if (rc == SBK_E_NOTFOUND) {
		sbk_error_clear(err);
		rc = 0;
	} else if (rc == 0) {
		rc = state_of(&pin, object->kind, &now, err);
	}
	if (rc == 0)
		rc = sbk_buf_failed(&now, err);
	if (rc == 0 &&
	    !sbk_state_equal(next,
			     (struct sbk_state){.data = sbk_buf_text(&now),
						.size = now.size}))
		rc = sbk_error_set(err, SBK_E_IO,
				   "the system reported success but it is not "
				   "what was written");
	sbk_pin_release(&pin);
	sbk_buf_release(&now);
	return rc;
}

static int change_existing(struct sbk_host *host, const struct place *place,
			   const struct sbk_object *object,
			   struct sbk_state expected, struct sbk_state next,
			   struct sbk_error *err)
{
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = sbk_pin_path(object->name, &pin, err);

	if (rc == SBK_E_NOTFOUND)
		return sbk_error_set(err, SBK_E_CONFLICT, "it is gone");
	if (rc < 0)
		return rc;
	rc = check_expected(host, &pin, object, expected, err);
	if (rc == 0 && sbk_state_absent(next))
		rc = take_away(place, &pin, err);
	else if (rc == 0)
		rc = change_access(object, &pin, expected, next, err);
	sbk_pin_release(&pin);
	return rc;
}

static int replace(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_state expected, struct sbk_state next,
		   struct sbk_error *err)
{
	struct place place = {.directory = -1};
	int rc = sbk_pin_parent(object->name, &place.directory, &place.name,
				err);

	if (rc < 0)
		return rc;
	rc = sbk_host_touch(host, place.directory, err);
	if (rc < 0)
		goto out;
	if (!sbk_state_absent(expected))
		rc = change_existing(host, &place, object, expected, next, err);
	else if (!sbk_state_absent(next))
		rc = makers[object->kind](&place, next, err);
	if (rc == 0)
		rc = read_back(object, next, err);
out:
	(void)close(place.directory); /* O_PATH: nothing can be lost */
	return rc;
}

const struct sbk_host_kind sbk_host_file = {
	.observe = observe,
	.replace = replace,
};

const struct sbk_host_kind sbk_host_directory = {
	.observe = observe,
	.replace = replace,
};

const struct sbk_host_kind sbk_host_link = {
	.observe = observe,
	.replace = replace,
};
