/*
 * Descriptors through a real NTFS volume; ntfs_round_trip mounts it.
 *
 *	ntfs_descriptors store DIRECTORY COUNT
 *	ntfs_descriptors check DIRECTORY COUNT
 *
 * `store` gives each of COUNT files a random descriptor and asks for it again.
 * Then it adds an entry to the DACL with our own edits, stores that, takes the
 * entry out and stores the result, which has to be the first one again.
 * `check`, after another mount, finds them all.
 *
 * ntfs-3g wants an owner and a group, and refuses (EINVAL) gaps between parts,
 * bytes behind the SID of a plain entry and the like. Every second file gets a
 * descriptor that it has no reason to refuse; for the others a refusal is
 * allowed, a change never.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "engine/ntsec/sd.h"
#include "tests/ntsec/random_sd.h"

#include "engine/banned.h"

#define ATTRIBUTE "system.ntfs_acl"
#define ACES_MAX 60
#define STRICT (RANDOM_CALLBACK_OBJECTS | RANDOM_OPAQUE | RANDOM_SLACK)

struct file {
	char path[4096];
	unsigned n;
	bool is_strict;
	struct sbk_buf bytes; /* its descriptor */
};

static int fail(const struct file *file, const char *why)
{
	int saved = errno;
	struct sbk_buf hex = SBK_BUF_INIT;

	sbk_buf_add_hex(&hex, file->bytes.data, file->bytes.size);
	(void)fprintf(stderr, "descriptor %u %s: %s\n%s\n", file->n, why,
		      strerror(saved), sbk_buf_text(&hex));
	sbk_buf_release(&hex);
	return -1;
}

static void choose(struct file *file, const char *directory, unsigned n)
{
	struct random r = {.state = n};
	struct sbk_sd sd;

	(void)snprintf(file->path, sizeof(file->path), "%s/%u", directory, n);
	file->n = n;
	file->is_strict = n % 2 == 0;
	do { /* until it has what the volume wants */
		sbk_buf_clear(&file->bytes);
		random_sd(&r, file->is_strict ? STRICT : RANDOM_EVERYTHING,
			  ACES_MAX, &file->bytes);
		if (sbk_sd_read((const uint8_t *)file->bytes.data,
				file->bytes.size, &sd, NULL) < 0)
			abort(); /* we make only what can be read */
	} while (!sd.has_owner || !sd.has_group);
}

/* The volume gives back these bytes, and no others. */
static int expect(const struct file *file, const struct sbk_buf *bytes)
{
	static uint8_t got[65536];
	ssize_t size = getxattr(file->path, ATTRIBUTE, got, sizeof(got));

	if (size < 0)
		return fail(file, "cannot be read");
	if ((size_t)size != bytes->size ||
	    memcmp(got, bytes->data, bytes->size) != 0)
		return fail(file, "came back as another");
	return 0;
}

static int keep(const struct file *file, const struct sbk_buf *bytes)
{
	if (setxattr(file->path, ATTRIBUTE, bytes->data, bytes->size, 0) < 0)
		return fail(file, "was refused");
	return expect(file, bytes);
}

/* The descriptor with another DACL. */
static int replace_dacl(const struct sbk_sd *sd, const struct sbk_buf *dacl,
			struct sbk_buf *out)
{
	struct sbk_sd other = *sd;

	sbk_buf_clear(out);
	if (sbk_nt_acl_read((const uint8_t *)dacl->data, dacl->size,
			    &other.dacl, NULL) < 0)
		return -1;
	return sbk_sd_write(&other, out, NULL);
}

/* Grants, and takes the grant back: the volume holds the first bytes again. */
static int grant_and_undo(const struct file *file)
{
	const struct sbk_ace_key key = {
		.type = SBK_ACE_ALLOW,
		.flags = SBK_ACE_OBJECT_INHERIT | SBK_ACE_CONTAINER_INHERIT,
		.mask = 0x1301bf,
		.sid = sbk_sid_make(5, (const uint32_t[]){21, 1, 2, 3, 4}, 5)};
	struct sbk_buf dacl = SBK_BUF_INIT, out = SBK_BUF_INIT;
	struct sbk_buf undone = SBK_BUF_INIT;
	struct sbk_sd sd;
	size_t removed;
	int rc = -1;

	if (sbk_sd_read((const uint8_t *)file->bytes.data, file->bytes.size,
			&sd, NULL) < 0)
		return fail(file, "cannot be read by us");
	if (sd.dacl_is != SBK_ACL_PRESENT)
		return 0;
	if (sbk_nt_acl_add(&sd.dacl, &key, &dacl, NULL) < 0 ||
	    replace_dacl(&sd, &dacl, &out) < 0 || keep(file, &out) < 0)
		goto out;
	/* From what the volume gave back, as an undo would. */
	if (sbk_sd_read((const uint8_t *)out.data, out.size, &sd, NULL) < 0)
		goto out;
	sbk_buf_clear(&dacl);
	if (sbk_nt_acl_remove(&sd.dacl, &key, 1, &dacl, &removed, NULL) < 0 ||
	    removed != 1)
		goto out;
	if (replace_dacl(&sd, &dacl, &undone) == 0 && keep(file, &undone) == 0)
		rc = expect(file, &file->bytes);
out:
	if (rc < 0)
		(void)fail(file, "is not what it was after an undo");
	sbk_buf_release(&undone);
	sbk_buf_release(&out);
	sbk_buf_release(&dacl);
	return rc;
}

/* 1: refused, as it may be; the file is gone. */
static int store(const struct file *file)
{
	int fd = open(file->path, O_CREAT | O_EXCL | O_WRONLY, 0600);

	if (fd < 0)
		return fail(file, "has no file");
	(void)close(fd); /* nothing was written */
	if (file->is_strict)
		return keep(file, &file->bytes) < 0 ? -1 : grant_and_undo(file);
	if (setxattr(file->path, ATTRIBUTE, file->bytes.data, file->bytes.size,
		     0) == 0)
		return expect(file, &file->bytes);
	if (errno != EINVAL || unlink(file->path) < 0)
		return fail(file, "was refused");
	return 1;
}

static int check(const struct file *file)
{
	if (!file->is_strict && access(file->path, F_OK) < 0)
		return 1;
	return expect(file, &file->bytes);
}

int main(int argc, char **argv)
{
	struct file file = {.bytes = SBK_BUF_INIT};
	unsigned long n, count, refused = 0;
	int rc = 0;

	if (argc != 4)
		return 2;
	count = strtoul(argv[3], NULL, 0);
	for (n = 0; n < count && rc >= 0; n++) {
		choose(&file, argv[2], (unsigned)n);
		rc = strcmp(argv[1], "store") == 0 ? store(&file)
						   : check(&file);
		refused += rc > 0;
	}
	(void)printf("%s: %lu descriptors the same, %lu refused\n", argv[1],
		     n - refused, refused);
	sbk_buf_release(&file.bytes);
	return rc < 0 || refused * 2 >= count;
}
