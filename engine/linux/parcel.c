/*
 * A parcel is one file in memory: the head, the operations, the environment,
 * then all texts. Where the sender has a pointer, the file has the offset of
 * what it points to (0: NULL), and the receiver makes pointers of them. Both
 * are the same program, forked: there is one layout, and nobody else holds
 * the channel.
 */
#include "engine/linux/parcel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/linux/channel.h"
#include "engine/linux/error.h"

#include "engine/banned.h"

struct head {
	uint64_t timeout_s, memory_mib, processes;
	const char *directory;
	size_t op_count, variable_count;
	enum sbk_network network;
};

struct parcel {
	struct head *head; /* and what follows it, in one block */
	size_t size;	   /* of that block: where the texts begin */
	struct sbk_buf texts;
};

static struct sbk_view_op *ops_of(struct head *head)
{
	return (struct sbk_view_op *)(head + 1);
}

static char **variables_of(struct head *head)
{
	return (char **)(ops_of(head) + head->op_count);
}

/* A text's offset, in the place of a pointer to it. */
static char *put(struct parcel *parcel, const char *text)
{
	size_t offset = parcel->size + parcel->texts.size;

	if (text == NULL)
		return NULL;
	sbk_buf_add(&parcel->texts, text, strlen(text) + 1);
	return (char *)(uintptr_t)offset;
}

static void put_ops(struct parcel *parcel, const struct sbk_view *view)
{
	struct sbk_view_op *op = ops_of(parcel->head);
	size_t i;

	for (i = 0; i < view->count; i++, op++) {
		*op = view->ops[i];
		op->place = put(parcel, op->place);
		op->source = put(parcel, op->source);
		op->covers = put(parcel, op->covers);
	}
}

static int make(struct parcel *parcel, const struct sbk_scope *scope,
		const struct sbk_view *view, struct sbk_error *err)
{
	struct head head = {
		.timeout_s = scope->timeout_s,
		.memory_mib = scope->memory_mib,
		.processes = scope->processes,
		.op_count = view->count,
		.network = scope->network,
	};
	size_t i;

	while (scope->environment[head.variable_count] != NULL)
		head.variable_count++;
	parcel->size = sizeof(head) + view->count * sizeof(*view->ops) +
		       head.variable_count * sizeof(char *);
	parcel->head = calloc(1, parcel->size);
	if (parcel->head == NULL)
		return sbk_error_set(err, SBK_E_NOMEM,
				     "no memory for the run's scope");
	*parcel->head = head;
	parcel->head->directory = put(parcel, scope->directory);
	put_ops(parcel, view);
	for (i = 0; i < head.variable_count; i++)
		variables_of(parcel->head)[i] =
			put(parcel, scope->environment[i]);
	return sbk_buf_failed(&parcel->texts, err);
}

static int write_all(int fd, const void *data, size_t size,
		     struct sbk_error *err)
{
	const char *at = data;

	while (size > 0) {
		ssize_t written = write(fd, at, size);

		if (written < 0)
			return sbk_error_set_errno(err, errno,
						   "cannot hand the scope on");
		at += written;
		size -= (size_t)written;
	}
	return 0;
}

int sbk_parcel_send(int channel, const struct sbk_scope *scope,
		    const struct sbk_view *view, struct sbk_error *err)
{
	struct sbk_message message = {.type = SBK_MESSAGE_SCOPE};
	struct parcel parcel = {.texts = SBK_BUF_INIT};
	int rc = make(&parcel, scope, view, err);

	message.fd = -1;
	if (rc == 0) {
		message.fd = memfd_create("scope", MFD_CLOEXEC);
		if (message.fd < 0)
			rc = sbk_error_set_errno(err, errno,
						 "cannot hand the scope on");
	}
	if (rc == 0)
		rc = write_all(message.fd, parcel.head, parcel.size, err);
	if (rc == 0)
		rc = write_all(message.fd, parcel.texts.data, parcel.texts.size,
			       err);
	if (rc == 0)
		rc = sbk_channel_send(channel, &message, err);
	if (message.fd >= 0)
		(void)close(message.fd); /* the receiver has its own */
	free(parcel.head);
	sbk_buf_release(&parcel.texts);
	return rc;
}

/* The pointer for an offset. */
static char *at(char *base, const char *offset)
{
	return offset != NULL ? base + (uintptr_t)offset : NULL;
}

static int open_up(char *base, struct sbk_scope *scope, struct sbk_view *view,
		   struct sbk_error *err)
{
	struct head *head = (struct head *)(void *)base;
	struct sbk_view_op *ops = ops_of(head);
	size_t i;

	*scope = (struct sbk_scope){
		.timeout_s = head->timeout_s,
		.memory_mib = head->memory_mib,
		.processes = head->processes,
		.directory = at(base, head->directory),
		.network = head->network,
	};
	for (i = 0; i < head->op_count; i++) {
		ops[i].place = at(base, ops[i].place);
		ops[i].source = at(base, ops[i].source);
		ops[i].covers = at(base, ops[i].covers);
	}
	*view = (struct sbk_view){.ops = ops, .count = head->op_count};
	scope->environment =
		calloc(head->variable_count + 1, sizeof(*scope->environment));
	if (scope->environment == NULL)
		return sbk_error_set(err, SBK_E_NOMEM,
				     "no memory for the environment");
	for (i = 0; i < head->variable_count; i++)
		scope->environment[i] = at(base, variables_of(head)[i]);
	return 0;
}

int sbk_parcel_receive(int channel, struct sbk_scope *scope,
		       struct sbk_view *view, struct sbk_error *err)
{
	struct sbk_message message;
	void *base = MAP_FAILED;
	struct stat st;
	int os_code;

	if (sbk_channel_receive(channel, &message, err) < 0)
		return err->code;
	if (message.type != SBK_MESSAGE_SCOPE || message.fd < 0)
		return sbk_error_set(err, SBK_E_IO,
				     "the run was called off before it began");
	if (fstat(message.fd, &st) == 0)
		base = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE, message.fd, 0);
	os_code = errno;
	(void)close(message.fd); /* the mapping stays */
	if (base == MAP_FAILED)
		return sbk_error_set_errno(err, os_code,
					   "cannot take the scope over");
	return open_up(base, scope, view, err);
}
