/*
 * Volumes that ntfs-3g has mounted. Owns which mounts those are and what names
 * an object on one; writes nothing (descriptor_kind.c does).
 *
 * The driver is a program, and the volume's bytes are anybody's: what an
 * object's name leads to is pinned without following a link, and a mount or
 * reparse point on the way ends on another mount or record, which the identity
 * tells.
 */
#include "engine/linux/ntfs_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "engine/linux/error.h"
#include "engine/linux/mounts.h"
#include "engine/ntfs/object.h"
#include "engine/os.h"
#include "engine/os_device.h"

#include "engine/banned.h"

/* A buffer that is too short gives EIO and not ERANGE (ntfs-3g 2022.10.3). */
#define ATTRIBUTE_BYTES SBK_OS_DESCRIPTOR_MAX
#define NAME_BYTES (SBK_NTFS_NAME_UNITS * 3 + 1)

/* --- mounts --------------------------------------------------------------- */

static bool is_ntfs_3g(const char *type)
{
	/* An image's type is "fuse" alone; what it is the volume tells. */
	static const char *const types[] = {"fuseblk", "fuse", "fuse.ntfs-3g",
					    "fuse.lowntfs-3g", "fuse.ntfs"};
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

int sbk_ntfs_mount_check(const struct sbk_mount *mount, struct sbk_error *err)
{
	if (strcmp(mount->type, "ntfs3") == 0 ||
	    strcmp(mount->type, "ntfs") == 0)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "'%s' is mounted by the kernel's driver "
				     "'%s', which hands out descriptors in "
				     "another form; mount it with ntfs-3g",
				     mount->point, mount->type);
	if (!is_ntfs_3g(mount->type) || mount->source[0] != '/')
		return sbk_error_set(err, SBK_E_NOTFOUND,
				     "no NTFS volume is mounted at '%s' (it is "
				     "%s)",
				     mount->point, mount->type);
	/* Else somebody answers for a volume who may say anything of it. */
	if (mount->server != 0 && mount->server != geteuid())
		return sbk_error_set(
			err, SBK_E_UNSUPPORTED,
			"the volume at '%s' is served by a program "
			"of user %lu's; mount it yourself",
			mount->point, (unsigned long)mount->server);
	if (strcmp(mount->root, "/") != 0)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "'%s' shows only a part of a volume "
				     "(a bind mount); name where the whole of "
				     "it is mounted",
				     mount->point);
	return 0;
}

struct opened {
	struct sbk_device *device;
	struct sbk_ntfs_volume *volume;
};

static void opened_release(struct opened *o)
{
	sbk_ntfs_volume_close(o->volume);
	sbk_os_device_close(o->device);
}

static int open_source(const char *source, struct opened *out,
		       struct sbk_error *err)
{
	struct opened o = {.device = NULL};
	struct sbk_ntfs_device bytes = {.read = sbk_os_device_read};
	int rc = sbk_os_device_open(source, &o.device, err);

	if (rc == 0) {
		bytes.arg = o.device;
		bytes.size = sbk_os_device_size(o.device);
		rc = sbk_ntfs_volume_open(&bytes, &o.volume, err);
	}
	if (rc < 0)
		opened_release(&o);
	else
		*out = o;
	return rc;
}

struct wanted {
	uint64_t id;
	char *source, *point;
};

static int take_wanted(void *arg, const struct sbk_mount *mount,
		       struct sbk_error *err)
{
	struct wanted *wanted = arg;
	int rc;

	if (mount->id != wanted->id)
		return 0;
	rc = sbk_ntfs_mount_check(mount, err);
	if (rc < 0)
		return rc;
	wanted->source = strdup(mount->source);
	wanted->point = strdup(mount->point);
	return wanted->source != NULL && wanted->point != NULL
		       ? 1
		       : sbk_error_no_memory(err);
}

/* The root, which has to be that of the mount and not of one above it. */
static int open_root(const struct wanted *wanted, int *out,
		     struct sbk_error *err)
{
	struct statx st;
	int os_code;
	int fd = open(wanted->point,
		      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0) {
		os_code = errno;
		return sbk_error_set_errno(err, os_code, "opening '%s'",
					   wanted->point);
	}
	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0 ||
	    st.stx_mnt_id != wanted->id) {
		(void)close(fd); /* only looked at */
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "another mount covers the volume at '%s'",
				     wanted->point);
	}
	*out = fd;
	return 0;
}

static int meet(struct sbk_ntfs_mounts *mounts, const struct wanted *wanted,
		struct sbk_error *err)
{
	struct opened o = {.device = NULL};
	struct sbk_ntfs_mount *items;
	int root = -1;
	int rc = open_source(wanted->source, &o, err);

	if (rc == 0)
		rc = open_root(wanted, &root, err);
	if (rc < 0) {
		opened_release(&o);
		return rc;
	}
	items = realloc(mounts->items, (mounts->count + 1) * sizeof(*items));
	if (items == NULL) {
		opened_release(&o);
		(void)close(root); /* only looked at */
		return sbk_error_no_memory(err);
	}
	mounts->items = items;
	items[mounts->count++] = (struct sbk_ntfs_mount){
		.mount = wanted->id,
		.serial = sbk_ntfs_volume_boot(o.volume)->serial,
		.root = root,
		.device = o.device,
	};
	sbk_ntfs_volume_close(o.volume);
	return 0;
}

int sbk_ntfs_mount_of(struct sbk_ntfs_mounts *mounts, const struct sbk_pin *pin,
		      struct sbk_ntfs_mount **out, struct sbk_error *err)
{
	struct wanted wanted = {.id = pin->stat.stx_mnt_id};
	size_t i;
	int rc;

	for (i = 0; i < mounts->count; i++)
		if (mounts->items[i].mount == wanted.id) {
			*out = &mounts->items[i];
			return 0;
		}
	rc = sbk_mounts_each(take_wanted, &wanted, err);
	if (rc == 0)
		rc = sbk_error_set(err, SBK_E_NOTFOUND,
				   "what it is on is not mounted any more");
	if (rc > 0)
		rc = meet(mounts, &wanted, err);
	free(wanted.source);
	free(wanted.point);
	if (rc == 0)
		*out = &mounts->items[mounts->count - 1];
	return rc;
}

void sbk_ntfs_mounts_release(struct sbk_ntfs_mounts *mounts)
{
	size_t i;

	for (i = 0; i < mounts->count; i++) {
		(void)close(mounts->items[i].root); /* flushed or only read */
		sbk_os_device_close(mounts->items[i].device);
	}
	free(mounts->items);
	*mounts = (struct sbk_ntfs_mounts){.items = NULL};
}

/* fsync of the root is handed to ntfs-3g, which writes what it has kept;
 * syncfs is for the kernel's half of a block device's mount. */
static int flush_one(struct sbk_ntfs_mount *mount, struct sbk_error *err)
{
	int os_code;

	if (fsync(mount->root) < 0 || syncfs(mount->root) < 0) {
		os_code = errno;
		return sbk_error_set_errno(err, os_code,
					   "flushing the volume of '%s'",
					   sbk_os_device_path(mount->device));
	}
	return sbk_os_device_sync(mount->device, err);
}

int sbk_ntfs_mounts_flush(struct sbk_ntfs_mounts *mounts, struct sbk_error *err)
{
	int rc = 0, one;
	size_t i;

	for (i = 0; i < mounts->count; i++) {
		if (!mounts->items[i].dirty)
			continue;
		one = flush_one(&mounts->items[i], rc == 0 ? err : NULL);
		mounts->items[i].dirty = one < 0;
		if (rc == 0)
			rc = one;
	}
	return rc;
}

/* --- objects -------------------------------------------------------------- */

int sbk_ntfs_attribute(const struct sbk_pin *pin, const char *name,
		       struct sbk_buf *out, struct sbk_error *err)
{
	char path[sizeof("/proc/self/fd/") + 16];
	char *bytes = malloc(ATTRIBUTE_BYTES);
	ssize_t size;
	int os_code, rc;

	if (bytes == NULL)
		return sbk_error_no_memory(err);
	/* The link is the kernel's own and ends at what is pinned, which may
	 * be a link itself. */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", pin->fd);
	size = getxattr(path, name, bytes, ATTRIBUTE_BYTES);
	os_code = errno;
	if (size < 0) {
		rc = sbk_error_set_errno(err, os_code, "reading '%s'", name);
	} else {
		sbk_buf_add(out, bytes, (size_t)size);
		rc = sbk_buf_failed(out, err);
	}
	free(bytes);
	return rc;
}

int sbk_ntfs_identity(const struct sbk_ntfs_mount *mount,
		      const struct sbk_pin *pin, char out[SBK_IDENTITY_MAX],
		      struct sbk_error *err)
{
	struct sbk_buf bytes = SBK_BUF_INIT;
	uint64_t birth = 0;
	int rc = sbk_ntfs_attribute(pin, "system.ntfs_crtime", &bytes, err);

	if (rc == 0 && bytes.size != sizeof(birth))
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
				   "the mount does not say when it was made");
	if (rc == 0) {
		memcpy(&birth, bytes.data, sizeof(birth));
		(void)snprintf(out, SBK_IDENTITY_MAX,
			       "ntfs:%016" PRIx64 ":%" PRIx64 ":%016" PRIx64,
			       mount->serial, (uint64_t)pin->stat.stx_ino,
			       birth);
	}
	sbk_buf_release(&bytes);
	return rc;
}

static bool take_number(const char **text, char end, uint64_t *out)
{
	char *rest;

	if (strspn(*text, "0123456789abcdef") == 0)
		return false;
	errno = 0;
	*out = strtoull(*text, &rest, 16);
	if (errno != 0 || *rest != end)
		return false;
	*text = rest + (end != '\0');
	return true;
}

bool sbk_volume_identity_parse(const char *text,
			       struct sbk_volume_identity *out)
{
	if (strncmp(text, "ntfs:", 5) != 0)
		return false;
	text += 5;
	return take_number(&text, ':', &out->serial) &&
	       take_number(&text, ':', &out->record) &&
	       take_number(&text, '\0', &out->birth);
}

/* --- by identity ---------------------------------------------------------- */

struct searching {
	struct sbk_ntfs_mounts *mounts;
	const char *identity;
	struct sbk_volume_identity wanted;
	unsigned volumes; /* with that serial number */
	struct sbk_location found;
};

/* A name by which the object is in a directory, and that directory. */
static int name_of(struct sbk_ntfs_volume *volume, uint64_t record,
		   struct sbk_buf *name, uint64_t *parent)
{
	struct sbk_ntfs_object object = {.number = 0};
	int rc = sbk_ntfs_object_load(volume, record, &object, NULL);
	size_t i = 0;

	while (rc == 0 && i < object.name_count &&
	       object.names[i].namespace == SBK_NTFS_NAME_SHORT)
		i++;
	if (rc == 0 && i == object.name_count)
		rc = SBK_E_NOTFOUND;
	if (rc == 0) {
		sbk_ntfs_text_add(
			name, sbk_ntfs_object_text(&object, object.names[i].at,
						   object.names[i].units));
		*parent = SBK_NTFS_REFERENCE_NUMBER(object.names[i].parent);
		rc = sbk_buf_failed(name, NULL);
	}
	if (rc == 0 && memchr(name->data, '/', name->size) != NULL)
		rc = SBK_E_PARSE;
	sbk_ntfs_object_release(&object);
	return rc;
}

/* The path below the root, "" for the root; built from its end. */
static int path_of(struct sbk_ntfs_volume *volume, uint64_t record,
		   char out[SBK_PATH_MAX])
{
	size_t at = SBK_PATH_MAX - 1;
	struct sbk_buf name = SBK_BUF_INIT;
	unsigned depth = 0;
	int rc = 0;

	out[at] = '\0';
	while (rc == 0 && record != SBK_NTFS_ROOT) {
		sbk_buf_clear(&name);
		rc = depth++ < SBK_TREE_DEPTH_MAX
			     ? name_of(volume, record, &name, &record)
			     : SBK_E_LIMIT;
		if (rc == 0 && name.size + 1 > at)
			rc = SBK_E_LIMIT;
		if (rc == 0) {
			at -= name.size;
			memcpy(out + at, name.data, name.size);
			out[--at] = '/';
		}
	}
	sbk_buf_release(&name);
	if (rc == 0)
		memmove(out, out + at, SBK_PATH_MAX - at);
	return rc;
}

/* Whether the object at `path` is the one; another one has its record. */
static int is_it(struct searching *s, const char *path, bool *out)
{
	char identity[SBK_IDENTITY_MAX];
	struct sbk_ntfs_mount *mount;
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = sbk_pin_path_as(path, 0, &pin, NULL);

	if (rc == 0)
		rc = sbk_ntfs_mount_of(s->mounts, &pin, &mount, NULL);
	if (rc == 0)
		rc = sbk_ntfs_identity(mount, &pin, identity, NULL);
	if (rc == 0)
		*out = strcmp(identity, s->identity) == 0;
	sbk_pin_release(&pin);
	return rc;
}

static int find_on(struct searching *s, const struct sbk_mount *mount,
		   struct sbk_ntfs_volume *volume, struct sbk_error *err)
{
	char below[SBK_PATH_MAX], path[2 * SBK_PATH_MAX];
	bool same = false;
	int rc = path_of(volume, s->wanted.record, below);

	if (rc == SBK_E_NOTFOUND) {
		s->found.kind = SBK_LOCATION_GONE;
		return 0;
	}
	if (rc < 0)
		return rc == SBK_E_NOMEM ? sbk_error_no_memory(err) : 0;
	(void)snprintf(path, sizeof(path), "%s%s", mount->point, below);
	if (is_it(s, path, &same) < 0)
		return 0;
	if (!same) {
		s->found.kind = SBK_LOCATION_GONE;
		return 0;
	}
	s->found.path = strdup(path);
	if (s->found.path == NULL)
		return sbk_error_no_memory(err);
	s->found.kind = SBK_LOCATION_FOUND;
	return 0;
}

static int search_mount(void *arg, const struct sbk_mount *mount,
			struct sbk_error *err)
{
	struct searching *s = arg;
	struct opened o;
	int rc = 0;

	if (sbk_ntfs_mount_check(mount, NULL) < 0 ||
	    open_source(mount->source, &o, NULL) < 0)
		return 0;
	if (sbk_ntfs_volume_boot(o.volume)->serial == s->wanted.serial &&
	    ++s->volumes == 1)
		rc = find_on(s, mount, o.volume, err);
	opened_release(&o);
	return rc;
}

void sbk_ntfs_locate(struct sbk_ntfs_mounts *mounts, const char *identity,
		     struct sbk_location *out)
{
	struct searching s = {.mounts = mounts, .identity = identity};
	int rc = SBK_E_INVAL;

	if (sbk_volume_identity_parse(identity, &s.wanted))
		rc = sbk_mounts_each(search_mount, &s, NULL);
	if (rc < 0 || s.volumes != 1) {
		free(s.found.path);
		s.found = (struct sbk_location){.path = NULL};
	}
	*out = s.found;
}

/* --- for who plans -------------------------------------------------------- */

static int take_volume(void *arg, const struct sbk_mount *mount,
		       struct sbk_error *err)
{
	struct sbk_os_volume *volume = arg;
	int rc;

	if (strcmp(mount->point, volume->point) != 0)
		return 0;
	/* The last one mounted there counts. */
	rc = sbk_ntfs_mount_check(mount, err);
	volume->read_only = mount->read_only;
	volume->serial = rc == 0;
	if (rc == SBK_E_NOTFOUND) {
		sbk_error_clear(err);
		rc = 0;
	}
	return rc;
}

static int probe(struct sbk_os_volume *volume, struct sbk_error *err)
{
	struct sbk_ntfs_mounts mounts = {.items = NULL};
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_ntfs_mount *mount;
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = sbk_pin_path_as(volume->point, 0, &pin, err);

	if (rc == 0)
		rc = sbk_ntfs_mount_of(&mounts, &pin, &mount, err);
	if (rc == 0)
		volume->serial = mount->serial;
	if (rc == 0 &&
	    (pin.stat.stx_ino != SBK_NTFS_ROOT ||
	     sbk_ntfs_attribute(&pin, "system.ntfs_acl", &bytes, NULL) < 0))
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
				   "the mount at '%s' does not hand out "
				   "descriptors (system.ntfs_acl); mount it "
				   "with 'ntfs-3g -o permissions,"
				   "streams_interface=windows'",
				   volume->point);
	sbk_buf_release(&bytes);
	sbk_pin_release(&pin);
	sbk_ntfs_mounts_release(&mounts);
	return rc;
}

int sbk_os_volume_at(const char *path, struct sbk_os_volume *out,
		     struct sbk_error *err)
{
	struct sbk_os_volume volume = {.serial = 0};
	struct sbk_file file;
	int rc = sbk_os_resolve(path, volume.point, &file, err);

	if (rc == 0)
		rc = sbk_mounts_each(take_volume, &volume, err);
	if (rc == 0 && volume.serial == 0)
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "no NTFS volume is mounted at '%s'; mount "
				   "it with 'ntfs-3g -o permissions,"
				   "streams_interface=windows' and name where",
				   path);
	if (rc == 0)
		rc = probe(&volume, err);
	if (rc == 0)
		*out = volume;
	return rc;
}
