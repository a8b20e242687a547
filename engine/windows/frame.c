/*
 * Frames. Owns their form on the pipe, what a text may hold, and what is due
 * when. Holds: nothing that does not read whole is used in part, and what was
 * read is written again as the same text.
 */
#include "engine/windows/frame.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sodium.h>

#include "engine/json_load.h"
#include "engine/ntsec/wire.h"

#include "engine/banned.h"

#define BASE64 sodium_base64_VARIANT_ORIGINAL
#define LENGTH_BYTES 4

static const char *const names[] = {
#define FRAME_NAME(name, text) text,
	SBK_FRAME_MAP(FRAME_NAME)
#undef FRAME_NAME
};

enum member_kind { WORDS, TEXT, NUMBER, FLAG, DATA };

/* The members of each type, in the order in which they are written. */
struct member {
	enum sbk_frame_type type;
	enum member_kind kind;
	const char *name;
	size_t offset;
	uint64_t least, most; /* of a number */
};

#define MEMBER(type, kind, name, field, least, most)                       \
	{                                                                  \
		SBK_FRAME_##type, kind, name,                              \
			offsetof(struct sbk_frame, field), (least), (most) \
	}
#define SIDE_MAX 32767

/* Numbers of 32 bits are marked by their maximum: above it they are 64. */
static const struct member members[] = {
	MEMBER(HELLO, NUMBER, "process", process, 1, SBK_FRAME_LIMIT_MAX),
	MEMBER(START, WORDS, "argv", argv, 1, 0),
	MEMBER(START, WORDS, "environment", environment, 0, 0),
	MEMBER(START, WORDS, "roots", roots, 0, 0),
	MEMBER(START, TEXT, "program", program, 0, 0),
	MEMBER(START, TEXT, "directory", directory, 0, 0),
	MEMBER(START, TEXT, "temporary", temporary, 0, 0),
	MEMBER(START, TEXT, "run", run, 0, 0),
	MEMBER(START, NUMBER, "timeout_s", timeout_s, 0, SBK_FRAME_LIMIT_MAX),
	MEMBER(START, NUMBER, "memory_mib", memory_mib, 0, SBK_FRAME_LIMIT_MAX),
	MEMBER(START, NUMBER, "processes", processes, 0, SBK_FRAME_LIMIT_MAX),
	MEMBER(START, FLAG, "offline", offline, 0, 0),
	MEMBER(START, NUMBER, "terminal", terminal, 0, 7),
	MEMBER(START, FLAG, "best_effort", best_effort, 0, 0),
	MEMBER(START, NUMBER, "columns", columns, 1, SIDE_MAX),
	MEMBER(START, NUMBER, "rows", rows, 1, SIDE_MAX),
	MEMBER(INPUT, NUMBER, "stream", stream, 0, SBK_FRAME_TERMINAL),
	MEMBER(INPUT, DATA, "data", data, 0, 0),
	MEMBER(SIZE, NUMBER, "columns", columns, 1, SIDE_MAX),
	MEMBER(SIZE, NUMBER, "rows", rows, 1, SIDE_MAX),
	MEMBER(STARTED, NUMBER, "process", process, 1, SBK_FRAME_LIMIT_MAX),
	MEMBER(STARTED, FLAG, "limits", limits, 0, 0),
	MEMBER(TOOK, NUMBER, "stream", stream, 0, SBK_FRAME_TERMINAL),
	MEMBER(TOOK, NUMBER, "size", taken, 1, SBK_FRAME_WINDOW),
	MEMBER(OUTPUT, NUMBER, "stream", stream, 1, SBK_FRAME_TERMINAL),
	MEMBER(OUTPUT, DATA, "data", data, 0, 0),
	MEMBER(EXIT, NUMBER, "code", code, 0, UINT32_MAX),
	MEMBER(EXIT, FLAG, "timed_out", timed_out, 0, 0),
	MEMBER(EXIT, NUMBER, "duration_ms", duration_ms, 0,
	       SBK_FRAME_LIMIT_MAX),
	MEMBER(ERROR, TEXT, "step", step, 0, 0),
	MEMBER(ERROR, TEXT, "message", message, 0, 0),
	MEMBER(ERROR, NUMBER, "os_code", os_code, 0, UINT32_MAX),
};
#define MEMBER_COUNT (sizeof(members) / sizeof(members[0]))

static void *field_of(struct sbk_frame *frame, const struct member *member)
{
	return (char *)frame + member->offset;
}

static const void *field_in(const struct sbk_frame *frame,
			    const struct member *member)
{
	return (const char *)frame + member->offset;
}

/* An error's code stands apart: it is negative here, positive on the pipe. */
static bool has_error(enum sbk_frame_type type)
{
	return type == SBK_FRAME_ERROR;
}

void sbk_frame_release(struct sbk_frame *frame)
{
	sbk_arena_release(&frame->arena);
}

/* --- writing ------------------------------------------------------------- */

static json_t *write_words(const char *const *words)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; array != NULL && words != NULL && words[i] != NULL; i++) {
		/* NULL where the word is not UTF-8. */
		if (json_array_append_new(array, json_string(words[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *write_data(const struct sbk_frame *frame)
{
	char *text;
	json_t *value = NULL;
	size_t size;

	if (frame->data_size == 0 || frame->data_size > SBK_FRAME_DATA_MAX)
		return NULL;
	size = sodium_base64_ENCODED_LEN(frame->data_size, BASE64);
	text = malloc(size);
	if (text != NULL)
		value = json_string(sodium_bin2base64(
			text, size, frame->data, frame->data_size, BASE64));
	free(text);
	return value;
}

static uint64_t number_in(const struct sbk_frame *frame,
			  const struct member *member)
{
	const void *field = field_in(frame, member);

	return member->most <= UINT32_MAX ? *(const uint32_t *)field
					  : *(const uint64_t *)field;
}

static json_t *write_member(const struct sbk_frame *frame,
			    const struct member *member)
{
	const void *field = field_in(frame, member);

	switch (member->kind) {
	case WORDS:
		return write_words(*(const char *const *const *)field);
	case TEXT:
		return json_string(*(const char *const *)field);
	case NUMBER:
		return json_integer((json_int_t)number_in(frame, member));
	case FLAG:
		return json_boolean(*(const bool *)field);
	case DATA:
		return write_data(frame);
	}
	return NULL;
}

static json_t *write_object(const struct sbk_frame *frame)
{
	json_t *object = json_object();
	int rc = object == NULL ? -1 : 0;
	size_t i;

	if (rc == 0)
		rc = json_object_set_new(object, "v",
					 json_integer(SBK_FRAME_VERSION));
	if (rc == 0)
		rc = json_object_set_new(object, "type",
					 json_string(names[frame->type]));
	for (i = 0; rc == 0 && i < MEMBER_COUNT; i++)
		if (members[i].type == frame->type)
			rc = json_object_set_new(
				object, members[i].name,
				write_member(frame, &members[i]));
	if (rc == 0 && has_error(frame->type))
		rc = json_object_set_new(object, "error",
					 json_integer(-frame->error));
	if (rc < 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static int dump(const char *text, size_t size, void *out)
{
	sbk_buf_add(out, text, size);
	return 0;
}

int sbk_frame_write(const struct sbk_frame *frame, struct sbk_buf *out,
		    struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	json_t *object = write_object(frame);
	uint8_t length[LENGTH_BYTES];
	int rc;

	if (object == NULL)
		return sbk_error_set(err, SBK_E_INVAL,
				     "a '%s' for the runner cannot be written: "
				     "a text in it is not UTF-8",
				     names[frame->type]);
	(void)json_dump_callback(object, dump, &text, JSON_COMPACT);
	json_decref(object);
	rc = sbk_buf_failed(&text, err);
	if (rc == 0 && text.size > SBK_FRAME_BYTES_MAX)
		rc = sbk_error_set(err, SBK_E_LIMIT,
				   "arguments and environment of %zu bytes; "
				   "the runner takes %d",
				   text.size, SBK_FRAME_BYTES_MAX);
	if (rc == 0) {
		put_u32le(length, (uint32_t)text.size);
		sbk_buf_add(out, length, sizeof(length));
		sbk_buf_add(out, text.data, text.size);
		rc = sbk_buf_failed(out, err);
	}
	sbk_buf_release(&text);
	return rc;
}

/* --- reading ------------------------------------------------------------- */

static int malformed(struct sbk_error *err, const char *what)
{
	return sbk_error_set(err, SBK_E_PARSE,
			     "a malformed frame of the runner's pipe: %s",
			     what);
}

static int read_words(const json_t *value, size_t least,
		      const char *const **out, struct sbk_arena *arena,
		      struct sbk_error *err)
{
	const size_t count = json_array_size(value);
	const char **words;
	size_t i;

	if (!json_is_array(value) || count < least ||
	    count > SBK_FRAME_WORDS_MAX)
		return malformed(err, "no list, or one too long");
	words = sbk_arena_alloc(arena, (count + 1) * sizeof(*words));
	for (i = 0; words != NULL && i < count; i++) {
		const char *text = json_string_value(json_array_get(value, i));

		if (text == NULL)
			return malformed(err, "a list not of strings");
		words[i] = sbk_arena_strdup(arena, text);
		if (words[i] == NULL)
			words = NULL;
	}
	*out = words;
	return words == NULL ? sbk_error_no_memory(err) : 0;
}

static int read_text(const json_t *value, const char **out,
		     struct sbk_arena *arena, struct sbk_error *err)
{
	const char *text = json_string_value(value);

	if (text == NULL)
		return malformed(err, "a string is missing");
	*out = sbk_arena_strdup(arena, text);
	return *out == NULL ? sbk_error_no_memory(err) : 0;
}

static int read_number(const json_t *value, const struct member *member,
		       void *field, struct sbk_error *err)
{
	const json_int_t number = json_integer_value(value);

	if (!json_is_integer(value) || number < 0 ||
	    (uint64_t)number < member->least || (uint64_t)number > member->most)
		return malformed(err, "a number is missing or out of range");
	if (member->most <= UINT32_MAX)
		*(uint32_t *)field = (uint32_t)number;
	else
		*(uint64_t *)field = (uint64_t)number;
	return 0;
}

static int read_data(const json_t *value, struct sbk_frame *frame,
		     struct sbk_error *err)
{
	const char *text = json_string_value(value), *end;
	const size_t size = text != NULL ? strlen(text) : 0;
	size_t room = size / 4 * 3, used = 0;
	uint8_t *data;

	if (size == 0 || room > SBK_FRAME_DATA_MAX + 2)
		return malformed(err, "data is missing, empty or too long");
	data = sbk_arena_alloc(&frame->arena, room);
	if (data == NULL)
		return sbk_error_no_memory(err);
	if (sodium_base642bin(data, room, text, size, NULL, &used, &end,
			      BASE64) != 0 ||
	    end != text + size || used == 0 || used > SBK_FRAME_DATA_MAX)
		return malformed(err, "data is not Base64");
	frame->data = data;
	frame->data_size = used;
	return 0;
}

static int read_member(const json_t *object, const struct member *member,
		       struct sbk_frame *out, struct sbk_error *err)
{
	const json_t *value = json_object_get(object, member->name);
	void *field = field_of(out, member);

	switch (member->kind) {
	case WORDS:
		return read_words(value, (size_t)member->least, field,
				  &out->arena, err);
	case TEXT:
		return read_text(value, field, &out->arena, err);
	case NUMBER:
		return read_number(value, member, field, err);
	case FLAG:
		if (!json_is_boolean(value))
			return malformed(err, "a truth value is missing");
		*(bool *)field = json_is_true(value);
		return 0;
	case DATA:
		return read_data(value, out, err);
	}
	return malformed(err, "no such member");
}

static int read_error(const json_t *object, struct sbk_frame *out,
		      struct sbk_error *err)
{
	const json_t *value = json_object_get(object, "error");
	const json_int_t code = json_integer_value(value);

	if (!json_is_integer(value) || code < 1 || code > SBK_ERROR_COUNT)
		return malformed(err, "an error without a code");
	out->error = (int)-code;
	return 0;
}

static int read_type(const json_t *object, enum sbk_frame_type *out,
		     struct sbk_error *err)
{
	const char *name = json_string_value(json_object_get(object, "type"));
	const json_t *version = json_object_get(object, "v");
	size_t i;

	if (!json_is_integer(version) ||
	    json_integer_value(version) != SBK_FRAME_VERSION)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "the runner's pipe speaks another "
				     "version; install sandbook and "
				     "sandbook-runner of one build");
	for (i = 0; name != NULL && i < SBK_FRAME_TYPES; i++)
		if (strcmp(names[i], name) == 0) {
			*out = (enum sbk_frame_type)i;
			return 0;
		}
	return malformed(err, "no such type");
}

/* Its members, and no others. */
static int read_object(const json_t *object, struct sbk_frame *out,
		       struct sbk_error *err)
{
	size_t wanted = 2, i;
	int rc;

	if (!json_is_object(object))
		return malformed(err, "no object");
	rc = read_type(object, &out->type, err);
	for (i = 0; rc == 0 && i < MEMBER_COUNT; i++) {
		if (members[i].type != out->type)
			continue;
		rc = read_member(object, &members[i], out, err);
		wanted++;
	}
	if (rc == 0 && has_error(out->type)) {
		rc = read_error(object, out, err);
		wanted++;
	}
	if (rc == 0 && json_object_size(object) != wanted)
		rc = malformed(err, "a member that its type has not");
	return rc;
}

static int read_json(const char *text, size_t size, struct sbk_frame *out,
		     struct sbk_error *err)
{
	struct sbk_frame frame = {.arena = SBK_ARENA_INIT};
	json_error_t why;
	json_t *object =
		sbk_json_load(text, size, JSON_REJECT_DUPLICATES, &why);
	int rc;

	if (object == NULL && json_error_code(&why) == json_error_out_of_memory)
		return sbk_error_no_memory(err);
	if (object == NULL)
		return malformed(err, "no JSON");
	rc = read_object(object, &frame, err);
	json_decref(object);
	if (rc == 0)
		*out = frame;
	else
		sbk_frame_release(&frame);
	return rc;
}

/* What is left moves to the front. */
static void drop(struct sbk_buf *buf, size_t size)
{
	memmove(buf->data, buf->data + size, buf->size - size);
	buf->size -= size;
	buf->data[buf->size] = '\0';
}

int sbk_frame_read(struct sbk_buf *received, struct sbk_frame *out,
		   struct sbk_error *err)
{
	uint32_t size;
	int rc;

	if (sbk_buf_failed(received, err) < 0)
		return received->failure;
	if (received->size < LENGTH_BYTES)
		return 0;
	size = get_u32le((const uint8_t *)received->data);
	if (size == 0 || size > SBK_FRAME_BYTES_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "a frame of %lu bytes on the runner's "
				     "pipe; at most %d are taken",
				     (unsigned long)size, SBK_FRAME_BYTES_MAX);
	if (received->size - LENGTH_BYTES < size)
		return 0;
	rc = read_json(received->data + LENGTH_BYTES, size, out, err);
	if (rc < 0)
		return rc;
	drop(received, LENGTH_BYTES + (size_t)size);
	return 1;
}

/* --- what is due --------------------------------------------------------- */

#define ANY_NEXT -1 /* the phase stays */

static const struct {
	enum sbk_frame_side sender;
	enum sbk_frame_type type;
	unsigned phases; /* bits */
	int next;
} due[] = {
#define IN(phase) (1U << SBK_FRAME_##phase)
#define BUSY (IN(STARTING) | IN(MADE) | IN(RUNNING))
	{SBK_FRAME_FRONT, SBK_FRAME_HELLO, IN(GREETING), SBK_FRAME_GREETED},
	{SBK_FRAME_RUNNER, SBK_FRAME_HELLO, IN(GREETED), SBK_FRAME_IDLE},
	{SBK_FRAME_FRONT, SBK_FRAME_START, IN(IDLE), SBK_FRAME_STARTING},
	{SBK_FRAME_FRONT, SBK_FRAME_INPUT, IN(IDLE) | BUSY, ANY_NEXT},
	{SBK_FRAME_FRONT, SBK_FRAME_CLOSE, IN(IDLE) | BUSY, ANY_NEXT},
	{SBK_FRAME_FRONT, SBK_FRAME_SIZE, IN(IDLE) | BUSY, ANY_NEXT},
	{SBK_FRAME_FRONT, SBK_FRAME_STOP, IN(IDLE) | BUSY, ANY_NEXT},
	{SBK_FRAME_RUNNER, SBK_FRAME_STARTED, IN(STARTING), SBK_FRAME_MADE},
	{SBK_FRAME_FRONT, SBK_FRAME_BEGIN, IN(MADE), SBK_FRAME_RUNNING},
	{SBK_FRAME_RUNNER, SBK_FRAME_OUTPUT, IN(RUNNING), ANY_NEXT},
	{SBK_FRAME_RUNNER, SBK_FRAME_TOOK, IN(RUNNING), ANY_NEXT},
	{SBK_FRAME_RUNNER, SBK_FRAME_EXIT, IN(RUNNING), SBK_FRAME_IDLE},
	{SBK_FRAME_RUNNER, SBK_FRAME_ERROR, IN(STARTING) | IN(RUNNING),
	 SBK_FRAME_IDLE},
};

int sbk_frame_due(enum sbk_frame_side sender, enum sbk_frame_type type,
		  enum sbk_frame_phase *phase, struct sbk_error *err)
{
	size_t i;

	for (i = 0; i < sizeof(due) / sizeof(due[0]); i++) {
		if (due[i].sender != sender || due[i].type != type ||
		    (due[i].phases & (1U << *phase)) == 0)
			continue;
		if (due[i].next != ANY_NEXT)
			*phase = (enum sbk_frame_phase)due[i].next;
		return 0;
	}
	return sbk_error_set(err, SBK_E_PARSE,
			     "a '%s' came on the runner's pipe when none was "
			     "due",
			     names[type]);
}
